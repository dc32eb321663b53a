"""Readers of files that other programs exported."""
