"""Tracking: what a run did, where people compare runs. MLflow is the one that comes with us."""
