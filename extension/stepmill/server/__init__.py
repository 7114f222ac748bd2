"""The Jupyter server extension; it comes with the panel."""
