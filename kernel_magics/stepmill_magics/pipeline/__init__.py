"""`%pipeline`: the pipeline of the notebook in front, drawn, run and restored from its own kernel.

The work is done by the command line in a child process; here its events and results are shown.
"""
