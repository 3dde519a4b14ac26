"""What paid calls cost, and the budget before them."""
