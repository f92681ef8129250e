"""Batches written to Redis exactly once."""
