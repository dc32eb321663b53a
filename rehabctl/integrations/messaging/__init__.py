"""Carriers of text messages and e-mail."""
