"""Billing rules as dated rows."""
