"""Pictures of a pipeline: where things stand, and SVG made of it. Standard library only."""
