"""What lasts: the only package that knows SQL."""
