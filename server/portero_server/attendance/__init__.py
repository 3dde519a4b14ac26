"""Attendance: what cameras watched is written down, and sessions are decided and decided anew."""
