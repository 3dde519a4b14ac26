"""What Portero knows about the world: pure data and pure decisions, no I/O, no clock, no asyncio."""
