"""One camera's stream to the server: numbering, credits, acknowledgments, resuming, and the spool.

`camera_stream` and `blocking_stream` are for programs that have pictures of their own; the bridge builds on `runner`.
Needs nothing but gRPC and the standard library.
"""
