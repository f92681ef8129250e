"""Measure what an ASGI app's inference traffic does."""
