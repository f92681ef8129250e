"""What can be wrong with a stated price.

ValueError
├── PriceRangeError  a number that cannot be the price of one token
└── OddEntryError    one entry of a price file that cannot be understood
"""


class PriceRangeError(ValueError):
    """Say that a number is no price: negative, not finite, or too high to be the price of one token."""


class OddEntryError(ValueError):
    """Say that an entry cannot be understood; the message is the field."""
