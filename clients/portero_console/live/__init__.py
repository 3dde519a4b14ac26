"""What happens now, for many viewers: one watch and one look at the cameras for each key, however many look on."""
