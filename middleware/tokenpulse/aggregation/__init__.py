"""What happened, folded into counts by provider, minute, model."""
