"""How often frames are searched for faces, and which of the held-back frames are sampled."""
