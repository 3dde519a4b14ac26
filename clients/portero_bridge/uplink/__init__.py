"""One camera's stream to the server: opened, kept open, opened again. Only this package knows gRPC and protobuf."""
