"""Steps for a notebook that has none: what its cells do, where it may be cut, what the parts are called."""
