"""What is stored of a stream, and how a stream resumes."""
