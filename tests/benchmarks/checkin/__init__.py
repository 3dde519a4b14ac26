"""Check-ins at a kiosk: seconds from the card in view to the result, paid calls, and a queue of guests."""
