"""Lets clients follow what is stored, from any position."""
