"""The clocks of cameras: measuring time despite faulty ones, and detecting their faults."""
