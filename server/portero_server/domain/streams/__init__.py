"""One stream's frames: numbering, credit, watermark, and the messages to its bridge."""
