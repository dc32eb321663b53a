"""Checks of a professional claim file before it is sent; offline, on any file, without failing."""
