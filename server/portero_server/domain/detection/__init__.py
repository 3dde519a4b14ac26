"""What was found in a picture, and where."""
