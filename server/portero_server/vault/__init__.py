"""Where enrollment photographs are kept, and how they are sealed."""
