"""ID cards and passports: what is read from them, whether it agrees, and who may check in with them."""
