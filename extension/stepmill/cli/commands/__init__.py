"""One module per command; each defines `command`, loaded when it is asked for."""
