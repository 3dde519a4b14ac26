"""Makes two people one, in one transaction."""
