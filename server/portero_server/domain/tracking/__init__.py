"""Tracks (the same face followed through frames) and the short memory of recent faces."""
