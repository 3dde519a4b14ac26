"""Buffers number frames and hold them between the source and the delivery: in memory, or on disk."""
