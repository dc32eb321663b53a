"""One module a sensor: its byte formats as pure functions, and a driver that uses them."""
