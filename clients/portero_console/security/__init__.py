"""Who comes in and what is let through: sessions, origins, rates, uploads, headers."""
