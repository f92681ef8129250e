"""What the middleware and the reader must agree on: records, keyspace, sketch, scripts."""

__version__ = "0.1.0"
