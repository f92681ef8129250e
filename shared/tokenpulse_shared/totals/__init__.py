"""Counters that only ever grow."""
