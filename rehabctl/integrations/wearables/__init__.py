"""Readers of what patients' own devices recorded, one format a module."""
