"""A small HTTP/1 client for cameras: reads what they send, however they say it. Nothing else here speaks HTTP."""
