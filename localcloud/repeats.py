"""Requests that a client sends again because it did not get the answer: they are answered as the first time."""

from collections import OrderedDict
from threading import Lock

from localcloud.call import Call
from localcloud.refusal import Answer

REMEMBERED = 2000
"""Answers kept; a client repeats within seconds, and AWS forgets as well."""

TOKENS = {"ec2": "ClientToken", "eks": "clientRequestToken"}
"""Services whose clients mark each creation, and the input's name for the mark."""

_answers: OrderedDict[tuple[str, ...], Answer] = OrderedDict()
_lock = Lock()


def known(call: Call) -> Answer | None:
    """The answer to the same operation with the same token.

    Amazon EC2 API Reference, "Ensuring idempotency"; Amazon EKS API Reference, CreateCluster.
    """
    token = _token(call)
    with _lock:
        return _answers.get(token) if token else None


def remember(call: Call, answer: Answer) -> None:
    """Keeps the answer of an operation that bore a token and succeeded."""
    token = _token(call)
    if token and answer.status < 300:
        with _lock:
            _answers[token] = answer
            while len(_answers) > REMEMBERED:
                _answers.popitem(last=False)


def _token(call: Call) -> tuple[str, ...] | None:
    if call.service not in TOKENS or not (call.operation or "").startswith("Create"):
        return None
    token = call.input.get(TOKENS[call.service])
    return (call.account, call.region, call.operation or "", token) if token else None
