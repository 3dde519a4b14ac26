"""Where frames are numbered and kept on their way from the source to the delivery: in memory, or through the disk."""
