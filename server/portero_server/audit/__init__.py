"""The audit trail, and the anchors that protect its end from tampering."""
