"""Frozen dataclasses, enums, units and errors. Standard library only."""
