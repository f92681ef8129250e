"""Tests of the middleware package without a Redis."""
