"""The price of calls: the first tier of Amazon's price list (us-east-1), without monthly face storage."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

PRICES: Mapping[str, Decimal] = dict.fromkeys(
    (
        "AssociateFaces",
        "CompareFaces",
        "DetectFaces",
        "DetectText",
        "IndexFaces",
        "SearchFaces",
        "SearchFacesByImage",
        "SearchUsersByImage",
    ),
    Decimal("0.001"),
) | {"CreateFaceLivenessSession": Decimal("0.015")}
"""Dollars a call; operations not named are free."""


def price(operation: str, *, analyzed: bool) -> Decimal:
    """Returns the price of one call, US dollars.

    Args:
        operation: As Amazon calls it.
        analyzed: Whether it got as far as an analysis: it succeeded, or found no face. Refused calls cost nothing.
    """
    return PRICES.get(operation, Decimal(0)) if analyzed else Decimal(0)
