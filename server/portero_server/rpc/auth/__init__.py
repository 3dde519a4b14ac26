"""Who calls, and what they may: asked before a message is read."""
