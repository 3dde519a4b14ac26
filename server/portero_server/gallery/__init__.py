"""Known people and their enrolled faces, kept in sync with the engines."""
