"""Metrics, logs, traces and the admin HTTP port."""
