"""The group commit: one transaction for what all streams decided since the last one."""
