"""The gate in front of a paid engine: whose call goes next, how fast, how often again. Knows no engine."""
