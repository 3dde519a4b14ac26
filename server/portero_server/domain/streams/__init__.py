"""One stream's frames: numbering, credit, watermark, and messages to its bridge."""
