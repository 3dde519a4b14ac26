"""One camera's stream to the server: opens it, keeps it open, reopens it.

Of `streaming`, only this package knows gRPC and protobuf.
"""
