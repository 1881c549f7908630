"""Faults that a test orders: the next requests of one operation fail as told."""

import threading
from dataclasses import asdict, dataclass
from typing import Any

from localcloud.refusal import Refusal

FIELDS = {"service": str, "operation": str, "count": int, "status": int, "code": str, "message": str, "when": str}
WHEN = ("before", "after")


@dataclass
class Fault:
    """An order: `count` requests of an operation fail, before the account did what they ask, or after it (`when`)."""

    service: str
    operation: str
    count: int = 1
    status: int = 400
    code: str = "InjectedFault"
    message: str = "a test ordered this request to fail"
    when: str = "before"


class Faults:
    """The orders that still stand."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Fault] = []

    def order(self, wanted: Any) -> Fault:
        """Takes an order from its JSON form; ValueError says what is wrong with it."""
        if not isinstance(wanted, dict):
            raise ValueError(f"a fault is an object with {', '.join(FIELDS)}; found {wanted!r}")
        for name, value in wanted.items():
            if name not in FIELDS:
                raise ValueError(f"{name}: no field of a fault; allowed are {', '.join(FIELDS)}")
            if type(value) is not FIELDS[name]:
                raise ValueError(f"{name}: found {value!r}, wanted a value of type {FIELDS[name].__name__}")
        for name in ("service", "operation"):
            if name not in wanted:
                raise ValueError(f"{name}: missing; give the service as boto3 names it and the operation, or * for all")
        fault = Fault(**wanted)
        if fault.when not in WHEN:
            raise ValueError(f"when: found {fault.when!r}, allowed are {', '.join(WHEN)}")
        if fault.count < 1 or not 400 <= fault.status <= 599:
            raise ValueError(f"count is at least 1 and status 400 to 599; found {fault.count} and {fault.status}")
        with self._lock:
            self._orders.append(fault)
        return fault

    def strike(self, service: str, operation: str, when: str) -> None:
        """Raises Refusal where an order stands for this request, and counts the order down."""
        with self._lock:
            for fault in self._orders:
                if fault.when == when and fault.service in (service, "*") and fault.operation in (operation, "*"):
                    fault.count -= 1
                    if not fault.count:
                        self._orders.remove(fault)
                    raise Refusal(fault.code, fault.message, fault.status)

    def standing(self) -> list[dict[str, Any]]:
        """The orders that still stand, in their JSON form."""
        with self._lock:
            return [asdict(fault) for fault in self._orders]

    def clear(self) -> None:
        """Withdraws all orders."""
        with self._lock:
            self._orders.clear()
