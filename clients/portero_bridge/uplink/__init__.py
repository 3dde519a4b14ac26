"""One camera's stream to the server: opens it, keeps it open, reopens it.

Only this package knows gRPC and protobuf.
"""
