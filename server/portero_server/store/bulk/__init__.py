"""Writes many rows with one statement; BULK.md beside it says why it does so in these forms."""
