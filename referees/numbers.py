"""Numbers as other tools expect them."""

from typing import Any


def whole(value: Any) -> Any:
    """Pulumi knows fractions only: 90.0 of days is 90, which a check that asks for an integer would pass over."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
