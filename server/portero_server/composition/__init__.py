"""Builds the parts of the server from the settings, and runs them."""
