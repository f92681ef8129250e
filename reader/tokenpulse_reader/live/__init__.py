"""Server-sent events of what changed."""
