"""Connections to clearinghouses: SFTP and web services."""
