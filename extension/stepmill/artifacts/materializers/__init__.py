"""Savers and loaders by family of types; they come in through entry points."""
