"""Authentication without gRPC: API keys, certificates and tokens become identities."""
