"""The record of what was asked of the account: a line a request, and a count an operation."""

import json
import logging
import re
import sys
import threading
import time
import traceback
from collections import Counter
from html import unescape
from logging.handlers import RotatingFileHandler
from pathlib import Path

from localcloud.refusal import Answer

MAX_BYTES = 4 * 1024 * 1024
"""Size at which the log is set aside; one older log is kept."""

_CODE = re.compile(rb"<Code>(.*?)</Code>", re.DOTALL)
_MESSAGE = re.compile(rb"<[Mm]essage>(.*?)</[Mm]essage>", re.DOTALL)


class Journal:
    """Writes the log of an account and counts its requests."""

    def __init__(self, log: Path | None) -> None:
        self._logger = logging.getLogger(f"localcloud.journal.{id(self)}")
        self._logger.propagate = False
        self._logger.setLevel(logging.INFO)
        handler: logging.Handler
        if log is None:
            handler = logging.StreamHandler(sys.stderr)
        else:
            handler = RotatingFileHandler(log, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8")
            log.chmod(0o600)
        formatter = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
        self._logger.addHandler(handler)
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def request(self, service: str, operation: str, answer: Answer, seconds: float) -> None:
        """Notes one request: service, operation, status, milliseconds, and for an error its code and message."""
        with self._lock:
            self._counts[f"{service}:{operation}"] += 1
        line = f"{service} {operation} {answer.status} {seconds * 1000:.0f}ms"
        self._logger.info(f"{line} {_fault_in(answer)}" if answer.status >= 400 else line)

    def note(self, line: str) -> None:
        """Notes something that is not a request."""
        self._logger.info(line)

    def failure(self, error: BaseException) -> None:
        """Notes an error of the account's own code with its traceback."""
        self._logger.info("".join(traceback.format_exception(error)).rstrip())

    def counts(self) -> dict[str, int]:
        """How often each `service:operation` was asked."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def forget_counts(self) -> None:
        """Starts counting from zero."""
        with self._lock:
            self._counts.clear()


def _fault_in(answer: Answer) -> str:
    body = answer.body
    if body[:1] == b"{":
        try:
            found = json.loads(body)
        except ValueError:
            found = {}
        code = str(found.get("__type") or found.get("code") or answer.headers.get("x-amzn-ErrorType", ""))
        message = str(found.get("message") or found.get("Message") or "")
    else:
        code, message = (
            unescape(match.group(1).decode(errors="replace")) if (match := pattern.search(body)) else ""
            for pattern in (_CODE, _MESSAGE)
        )
    return f"{code}: {' '.join(message.split())}" if code or message else "(no message)"
