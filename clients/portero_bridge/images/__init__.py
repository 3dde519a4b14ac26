"""Which images go on, and in what size."""
