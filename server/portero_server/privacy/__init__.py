"""Erasure of people, revocation of their names in memory, and retention."""
