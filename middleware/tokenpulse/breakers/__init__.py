"""Circuit breakers as one process sees, moves and enforces them."""
