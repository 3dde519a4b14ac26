"""Sends what was stored to others, after the commit: each event at least once, those of a camera in their order."""
