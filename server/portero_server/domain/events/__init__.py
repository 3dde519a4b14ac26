"""What leaves after the commit: messages about events, to whom they may be sent, and when they are tried again."""
