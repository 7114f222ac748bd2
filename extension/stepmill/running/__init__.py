"""One run of a notebook: the bench it is prepared on, the loop, the single step, the run's folder."""
