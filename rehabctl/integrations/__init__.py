"""Other systems, each in its own standard, behind one small port."""
