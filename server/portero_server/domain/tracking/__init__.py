"""The same face followed through frames, and remembered for a while."""
