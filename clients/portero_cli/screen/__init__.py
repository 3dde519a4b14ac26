"""What is written for people and programs to read: the one place that prints, tables, and what is drawn live."""
