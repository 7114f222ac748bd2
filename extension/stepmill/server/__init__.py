"""The Jupyter server extension: parse, call `stepmill.api`, reply. Importing it imports nothing."""
