"""Kernels that are forked from a process which has imported what the steps import.

`zygote.py`, `keeping.py`, `waiting.py`, `recording.py`, `hiding.py`, `surroundings.py`, `freshness.py`,
`configuring.py` and `becoming.py` run in the kernel's own environment, started by path: standard library
only, and nothing of ours need be installed there. `inheriting.py` does so on both sides. The other modules
are the runner's side of it.
"""
