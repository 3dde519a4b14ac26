"""Amazon Rekognition as an engine. The only engine that knows boto3."""
