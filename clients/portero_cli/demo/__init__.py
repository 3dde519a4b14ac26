"""The demo behind `make run`: its own server, two enrolled people, and an artificial camera they walk past."""
