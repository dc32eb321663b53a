"""Packaged, dated, validated data and its loaders."""
