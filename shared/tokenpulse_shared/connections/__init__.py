"""Clients of every kind of Redis deployment, bounded in time."""
