"""Hours and days as streamed CSV or JSON."""
