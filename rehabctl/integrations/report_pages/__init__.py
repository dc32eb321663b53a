"""Reports as HTML and PDF files."""
