"""Prices, usage and budgets."""
