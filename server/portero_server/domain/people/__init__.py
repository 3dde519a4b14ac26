"""People, their consents and erasures, and retention purposes."""
