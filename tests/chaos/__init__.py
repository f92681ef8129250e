"""Break Redis and the way to it while writers write; afterwards every count must be there once."""
