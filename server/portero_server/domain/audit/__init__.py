"""The chain of the audit trail, and the check that finds what was changed."""
