"""Image processing on arrays: header checks, motion gate, face detector, crops."""
