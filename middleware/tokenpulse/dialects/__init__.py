"""Tell what the bodies of each vendor's protocol mean."""
