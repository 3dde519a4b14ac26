"""Whatever turns images into faces, matches and text. The only package that knows boto3; dlib is shared with vision."""
