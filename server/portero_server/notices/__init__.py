"""What leaves the server on its own account, after the commit. Beside `engines/` the only package that knows boto3."""
