"""Pure movement analysis: arrays in, dataclasses out. No I/O, no clock, no database."""
