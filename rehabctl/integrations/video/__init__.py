"""Video rooms: tokens that are signed here, and notices that others signed."""
