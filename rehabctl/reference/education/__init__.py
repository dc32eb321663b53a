"""Short texts for patients by pathway and week, and their loader."""
