"""The command line: parse, call `stepmill.api`, print."""
