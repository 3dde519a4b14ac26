"""Steering of bridges: what rate and size of frames to ask for, and when to ask for none."""
