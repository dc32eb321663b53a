"""What patients take home: a page for paper, a calendar, and a page for the browser."""
