"""Pure functions from windows to the JSON of the endpoints."""
