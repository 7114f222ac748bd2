"""From a notebook file to cells with plain Python, and back: reading, tags, IPython syntax, writing."""
