"""Simulate inference traffic, so that every number can be seen without a provider or a Redis."""
