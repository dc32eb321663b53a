"""X12 health-care files: reading any, writing ours. Segments never leave this package."""
