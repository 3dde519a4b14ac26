"""Decides without I/O what to send, what to drop, and when to hang up, given events and the time."""
