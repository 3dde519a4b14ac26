"""Streams of frames: sessions, what they decided, what is recorded and what is sent back."""
