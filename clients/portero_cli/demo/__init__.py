"""The demo behind `make run`: a server of its own, two people enrolled, and a camera before which people walk past."""
