"""How processes begin, fork and end."""
