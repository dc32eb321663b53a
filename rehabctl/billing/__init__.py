"""Pure billing rules and X12 text. No I/O, no clock, no database."""
