"""Usage asked for on the caller's behalf, taken out of the answer again."""
