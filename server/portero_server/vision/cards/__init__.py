"""Cards in pictures: where they are, how well they can be read, and signs that they are pictures of one."""
