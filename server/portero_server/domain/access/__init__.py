"""Identities, roles, scopes and limits of callers."""
