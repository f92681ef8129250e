"""Show amounts of money exactly."""


def usd(nano_usd: int) -> str:
    """Return nano-USD as a decimal number of USD: 95,000 is 0.000095."""
    whole, rest = divmod(nano_usd, 1_000_000_000)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
