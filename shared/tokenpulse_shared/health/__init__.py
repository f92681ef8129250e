"""Which calls make a provider's score, and the board of all scores."""
