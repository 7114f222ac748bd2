"""Pipeline and store in, plan out: which steps run, which are reused, and why."""
