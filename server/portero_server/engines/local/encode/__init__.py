"""Turns faces into vectors: several encoders behind one seam."""
