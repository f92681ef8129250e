"""What stands between a socket and a route: limits, tokens, parameters, problems."""
