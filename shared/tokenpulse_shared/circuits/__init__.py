"""Breakers in Redis: their state, moves, orders, counters."""
