"""The checks of `portero doctor`; each returns findings and raises nothing."""
