"""Frozen records: what travels between the rooms, and to the panel as JSON."""
