"""Reading cards, comparing their portraits with live faces, and check-ins."""
