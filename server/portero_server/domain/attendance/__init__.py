"""Who attended which session of a group, stated only as far as cameras were watching."""
