"""A pipeline as a plain Python module that imports nothing of ours."""
