"""Where enrollment photographs are kept, and how they are sealed, as are pictures to review and secrets."""
