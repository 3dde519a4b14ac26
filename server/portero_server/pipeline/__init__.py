"""Where frames flow: sessions, batches, group commits. asyncio lives here; decisions live in the domain."""
