"""The generated pages: settings, metrics and tables."""
