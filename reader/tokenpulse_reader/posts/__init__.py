"""What clients post: measurements and gauges."""
