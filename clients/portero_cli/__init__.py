"""`portero`, the command line over the client SDK."""
