"""People, their consents and erasures, and how long things are kept."""
