"""The audit trail, and the anchors that keep its end where nobody can change it."""
