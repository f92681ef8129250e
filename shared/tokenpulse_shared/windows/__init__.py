"""Windows of series: which there are, how they are packed, how they are read."""
