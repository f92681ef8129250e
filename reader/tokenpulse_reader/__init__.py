"""Serve what the middleware measured."""
