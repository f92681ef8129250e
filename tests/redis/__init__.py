"""Tests of what happens in a real Redis."""
