"""How often frames are searched, and which of the held-back ones are sampled."""
