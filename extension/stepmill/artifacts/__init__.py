"""Stored values: the store, digests, the pickler, materializers, previews."""
