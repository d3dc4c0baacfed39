"""Amounts of money: exact decimals in a sheet, whole minor units (cents) everywhere else."""

from __future__ import annotations

import re
from decimal import Decimal

# ISO 4217: digits after the point, where it is not two
_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "VND": 0, "KWD": 3, "BHD": 3, "TND": 3, "JOD": 3, "OMR": 3}
_AMOUNT = re.compile(r"^\s*(?:([A-Z]{3})\s*)?(-?\d+(?:\.\d+)?)\s*(?:([A-Z]{3}))?\s*$")


def digits(currency: str) -> int:
    """Digits after the decimal point of `currency`."""
    return _DIGITS.get(currency, 2)


def parse(value: object, currency: str) -> int:
    """`value` ("1200.50", "1200.50 EUR", 1200) in minor units of `currency`.

    Raises ValueError with a message for people: not an amount, another currency, too many digits, negative.
    """
    match = None if isinstance(value, bool) else _AMOUNT.match(str(value))
    if match is None:
        raise ValueError(f"{value!r} is not an amount; write it like 1200.50 or '1200.50 {currency}'")
    named = match[1] or match[3]
    if named and named != currency:
        raise ValueError(f"{value!r} is in {named} but the production's currency is {currency}; convert it")
    amount = Decimal(match[2]).scaleb(digits(currency))
    if amount < 0:
        raise ValueError(f"{value!r} is negative; give 0 or more")
    if amount != amount.to_integral_value():
        raise ValueError(
            f"{value!r} has more than {digits(currency)} digits after the point; {currency} has no smaller unit"
        )
    if amount > 10**12:
        raise ValueError(f"{value!r} is above {10**10:,} {currency}; check the amount")
    return int(amount)


def text(minor: int, currency: str) -> str:
    """`minor` as people write it: 1,234.50 EUR."""
    return f"{plain(minor, currency, ',')} {currency}"


def plain(minor: int, currency: str, group: str = "") -> str:
    """`minor` as an exact decimal, the way a sheet holds it."""
    places = digits(currency)
    value = Decimal(minor).scaleb(-places)
    return f"{value:{group}.{places}f}"
