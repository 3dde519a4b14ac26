"""Authentication and authorization of calls, decided before a message is read."""
