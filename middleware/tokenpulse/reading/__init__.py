"""What the bodies of requests and answers say, within bounds."""
