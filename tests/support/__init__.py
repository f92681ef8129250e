"""Drivers the tests share."""
