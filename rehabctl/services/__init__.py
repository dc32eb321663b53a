"""One use case a function: permission, transaction and audit live here only."""
