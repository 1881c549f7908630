"""The account's own paths under /_localcloud/: health, faults, counts, a snapshot, a wait for quiet, clusters."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from localcloud.faults import Faults
from localcloud.journal import Journal
from localcloud.refusal import Answer

PREFIX = "/_localcloud/"

More = Callable[[str, bytes], Answer | None]
"""Answers further paths: method and path without the prefix, and the body; None for one that it does not know."""


class Control:
    """Answers the paths under /_localcloud/; `identity` is what health says, `keep` writes a snapshot now.

    `alone` is held while no request is under way.
    """

    def __init__(
        self,
        identity: dict[str, Any],
        journal: Journal,
        faults: Faults,
        keep: Callable[[], list[str]],
        alone: Callable[[], AbstractContextManager[None]],
        more: More = lambda *_: None,
    ) -> None:
        self._identity, self._journal, self._faults = identity, journal, faults
        self._keep, self._alone, self._more = keep, alone, more

    def answer(self, environ: dict[str, Any]) -> Answer | None:
        """The answer, or None for a path that belongs to AWS. A web page (a request with an Origin) is refused."""
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return None
        if "HTTP_ORIGIN" in environ:
            return _json(403, {"error": "the control paths are not for web pages"})
        asked = f"{environ['REQUEST_METHOD']} {path.removeprefix(PREFIX)}"
        match asked:
            case "GET health":
                return _json(200, self._identity)
            case "GET requests":
                return _json(200, self._journal.counts())
            case "DELETE requests":
                self._journal.forget_counts()
                return _json(200, {})
            case "GET faults":
                return _json(200, self._faults.standing())
            case "DELETE faults":
                self._faults.clear()
                return _json(200, [])
            case "POST faults":
                return self._order(environ)
            case "POST snapshot":
                return _json(200, {"notKept": self._keep()})
            case "POST quiet":
                with self._alone():
                    return _json(200, {})
        if told := self._more(asked, _body(environ)):
            return told
        known = (
            "GET health, GET|DELETE requests, GET|POST|DELETE faults, POST snapshot, POST quiet, and, where clusters "
            "run, GET clusters, GET processes, POST clusters/REGION/NAME/authenticate"
        )
        return _json(404, {"error": f"no such control: {asked}; there are {known}"})

    def _order(self, environ: dict[str, Any]) -> Answer:
        try:
            self._faults.order(json.loads(_body(environ)))
        except ValueError as error:
            return _json(400, {"error": str(error)})
        return _json(200, self._faults.standing())


def _body(environ: dict[str, Any]) -> bytes:
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _json(status: int, value: Any) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode() + b"\n")
