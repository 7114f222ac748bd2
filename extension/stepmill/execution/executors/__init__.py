"""Where steps run. Each executor is a plug-in of the group `stepmill.executors`."""
