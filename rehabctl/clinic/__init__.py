"""Pure clinical rules over plain facts. No I/O, no clock, no database."""
