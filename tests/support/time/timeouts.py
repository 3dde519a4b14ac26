"""How long tests wait for what must come."""

PATIENCE = 300.0
"""Seconds. It only bounds how long a failure takes: no verdict may depend on how fast the machine is, or how busy."""
