"""Run All against the pipeline: copies of the project, both runs, and what of them differs."""
