"""Attendance as it is stored: groups, sessions, records, remarks and coverage."""
