"""One request followed from its first message to its Observation."""
