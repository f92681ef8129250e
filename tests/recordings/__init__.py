"""Replays of recorded exchanges, which are not part of the repository."""
