"""Timetables in iCalendar files (RFC 5545), as schedules and free days of a group."""
