"""The generated pages: settings and metrics."""
