"""Steps run: scheduler, papermill engine, kernels, events, executors."""
