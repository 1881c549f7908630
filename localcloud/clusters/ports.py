"""Ports on loopback that are picked once and kept."""

import json
import random
import socket
from pathlib import Path

RANGE = range(20000, 32000)
"""Below the ports that Linux gives to outgoing connections, so that a kept one is still free at the next start."""


class Ports:
    """Ports by role, written down in a file; one that another program has taken meanwhile is picked anew."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._kept: dict[str, int] = json.loads(file.read_text())
        except (OSError, ValueError):
            self._kept = {}
        self._checked: set[str] = set()

    def of(self, role: str) -> int:
        """The role's port."""
        if role not in self._checked:
            port = self._kept.get(role)
            if port is None or not _is_free(port):
                self._kept[role] = self._pick()
                self._file.write_text(json.dumps(self._kept))
            self._checked.add(role)
        return self._kept[role]

    def _pick(self) -> int:
        taken = set(self._kept.values())
        for port in random.sample(RANGE, len(RANGE)):
            if port not in taken and _is_free(port):
                return port
        raise OSError(f"no port from {RANGE.start} to {RANGE.stop - 1} is free on 127.0.0.1")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
