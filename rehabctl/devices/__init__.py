"""Sensor drivers, recorder and replay. Raw packets never leave this package."""
