"""What of EC2's capacity is sold out or reserved, as a test or a person orders it."""

import json
import threading
from pathlib import Path
from typing import Any

LOT = {"instanceType": "*", "zone": "*", "capacityType": "*"}
"""Fields of an order and what they are where they are not given: * stands for all."""

CAPACITY = ("spot", "on-demand", "*")
RESERVATION = {"id": str, "instanceType": str, "availabilityZone": str, "totalInstanceCount": int, "tags": dict}


class Market:
    """The orders, kept in a file of the account's state that Karpenter reads before each launch."""

    _lock = threading.Lock()

    def __init__(self, state: Path) -> None:
        self.file = state / "market.json"

    def standing(self) -> dict[str, Any]:
        """What is sold out, and what is reserved."""
        try:
            return json.loads(self.file.read_text())
        except (OSError, ValueError):
            return {"soldOut": [], "reservations": []}

    def sell_out(self, wanted: Any) -> dict[str, Any]:
        """Marks offers as sold out; ValueError says what is wrong with the order."""
        if not isinstance(wanted, dict):
            raise ValueError(f"an order is an object with {', '.join(LOT)}; found {wanted!r}")
        for name, value in wanted.items():
            if name not in LOT:
                raise ValueError(f"{name}: no field of an order; allowed are {', '.join(LOT)}")
            if not isinstance(value, str) or not value:
                raise ValueError(f"{name}: found {value!r}, wanted a name, or * for all")
        lot = {**LOT, **wanted}
        if lot["capacityType"] not in CAPACITY:
            raise ValueError(f"capacityType: found {lot['capacityType']!r}, allowed are {', '.join(CAPACITY)}")
        return self._change(lambda said: {**said, "soldOut": [*said["soldOut"], lot]})

    def reserve(self, wanted: Any) -> dict[str, Any]:
        """Adds a capacity reservation (Amazon EC2 API Reference, CapacityReservation); ValueError as above."""
        needed = set(RESERVATION) - {"tags"}
        if not isinstance(wanted, dict) or not needed <= set(wanted) <= set(RESERVATION):
            raise ValueError(f"a reservation has {', '.join(sorted(needed))} and may have tags; found {wanted!r}")
        for name, value in wanted.items():
            if type(value) is not RESERVATION[name]:
                raise ValueError(f"{name}: found {value!r}, wanted a value of type {RESERVATION[name].__name__}")
        if not wanted["id"].startswith("cr-") or wanted["totalInstanceCount"] < 1:
            raise ValueError(f"id begins with cr- and totalInstanceCount is at least 1; found {wanted!r}")
        return self._change(
            lambda said: {
                **said,
                "reservations": [*(one for one in said["reservations"] if one["id"] != wanted["id"]), wanted],
            }
        )

    def clear(self) -> dict[str, Any]:
        """Everything can be had again, and nothing is reserved."""
        return self._change(lambda _: {"soldOut": [], "reservations": []})

    def _change(self, change: Any) -> dict[str, Any]:
        with self._lock:
            said = change(self.standing())
            draft = self.file.with_name(f"{self.file.name}.draft")
            draft.write_text(json.dumps(said))
            draft.replace(self.file)
        return said
