"""Kernels that are forked from a process which has imported what the steps import.

`zygote.py`, `keeping.py`, `recording.py`, `hiding.py`, `surroundings.py`, `configuring.py` and `becoming.py`
run in the kernel's own environment, started by path: standard library only, and nothing of ours need be
installed there. The other modules are the runner's side of it.
"""
