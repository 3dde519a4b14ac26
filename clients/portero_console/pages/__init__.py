"""Pages for people: Jinja shells in Spanish and English, filled by plain ES modules over the REST API."""
