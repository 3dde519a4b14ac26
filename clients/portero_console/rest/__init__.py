"""REST for programs and for the pages: a route for each call of the SDK, under /api/v1."""
