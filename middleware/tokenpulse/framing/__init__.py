"""Turn bytes into events, without I/O."""
