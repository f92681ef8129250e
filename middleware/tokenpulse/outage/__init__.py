"""What is held while Redis is away."""
