"""The therapist's panel: screens and widgets over the same services as the commands."""
