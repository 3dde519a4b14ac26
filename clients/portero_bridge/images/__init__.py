"""Selects and resizes the images to send."""
