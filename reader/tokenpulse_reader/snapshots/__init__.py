"""What every hot endpoint is served from, refreshed in the background."""
