"""The audit trail's hash chain, and the check that finds tampering."""
