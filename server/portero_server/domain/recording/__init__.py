"""What is stored of a stream, and where it resumes."""
