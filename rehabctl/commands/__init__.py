"""Typer commands: one module a noun. Parse, call a service, render. No rules, no SQL."""
