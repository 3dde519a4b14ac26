"""Output for people and programs: printing, tables, and live views; the only package that prints."""
