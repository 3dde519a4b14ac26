"""Faces and texts found in a picture, and their boxes."""
