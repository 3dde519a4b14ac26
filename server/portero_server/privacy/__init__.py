"""Erasing people, letting go of their names, and keeping nothing for too long."""
