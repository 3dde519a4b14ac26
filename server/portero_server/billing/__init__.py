"""The cost of paid calls, and the budget that limits it."""
