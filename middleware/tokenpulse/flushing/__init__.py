"""What is done at every flush, in a thread of its own."""
