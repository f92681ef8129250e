"""What one batch holds, as the apply script reads it."""
