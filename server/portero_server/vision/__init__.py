"""CPU work on arrays: header checks, the motion gate, the local detector, crops."""
