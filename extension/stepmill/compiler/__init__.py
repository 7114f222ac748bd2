"""Plans to step notebooks."""
