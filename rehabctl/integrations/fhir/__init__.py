"""FHIR R4 (4.0.1): resources out and in."""
