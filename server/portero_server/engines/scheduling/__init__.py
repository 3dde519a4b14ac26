"""The scheduler of calls to a paid engine: order, pace and retries. Knows no particular engine."""
