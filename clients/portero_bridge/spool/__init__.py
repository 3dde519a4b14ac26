"""Frames on disk until their acknowledgment is durable. Synchronous; knows nothing of streams."""
