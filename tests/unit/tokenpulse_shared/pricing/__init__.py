"""Tests of tokenpulse_shared.pricing."""
