"""The people who are known and their photographs, and the same gallery in the engines."""
