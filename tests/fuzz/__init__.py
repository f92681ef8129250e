"""Fuzzing of everything that reads bytes from a request or a response: `python -m tests.fuzz`."""
