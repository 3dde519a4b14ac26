"""Proving who calls: keys, certificates and tokens become identities, with no word of gRPC."""
