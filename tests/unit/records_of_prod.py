"""The records of the shipped environment prod, gathered once for all tests that look at them."""

import datetime
from functools import cache
from pathlib import Path

from seedbed.checkout import Checkout
from seedbed.records import Records, gather

AT = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)


@cache
def gathered() -> Records:
    return gather(Checkout(Path(__file__).parents[2]), "prod", AT)
