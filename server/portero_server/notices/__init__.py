"""What leaves the server on its own account, after the commit. Knows boto3, as `engines/rekognition` does."""
