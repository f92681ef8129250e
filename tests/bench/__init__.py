"""Measurements of what tokenpulse costs: `python -m tests.bench`."""
