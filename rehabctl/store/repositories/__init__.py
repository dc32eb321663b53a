"""What services read and write, in domain dataclasses. Rows and statements stay in here.

Repositories neither commit nor audit: the unit of work commits, services record the access.
"""
