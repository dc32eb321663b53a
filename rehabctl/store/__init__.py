"""The encrypted database and blob store. ORM rows never leave this package."""
