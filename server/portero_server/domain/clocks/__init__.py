"""The clocks of cameras: what they say, and what to make of it."""
