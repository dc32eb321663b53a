"""Redox, between this clinic and record systems of others: its data model, both ways."""
