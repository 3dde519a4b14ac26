"""What may be sent now, what is dropped, when to hang up: decided without I/O, told what happened and the time."""
