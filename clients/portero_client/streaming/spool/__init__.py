"""Stores frames on disk until they are durable at the server. Synchronous; knows nothing about streams."""
