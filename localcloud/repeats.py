"""Requests that a client sends again because it did not get the answer: they are answered as the first time."""

from collections import OrderedDict
from threading import Lock

from localcloud.call import Call
from localcloud.refusal import Answer

REMEMBERED = 2000
"""Answers kept; a client repeats within seconds, and AWS forgets as well."""

TOKENS = {"ec2": "ClientToken", "eks": "clientRequestToken"}
"""Services whose clients mark each creation, and the input's name for the mark."""

INVOCATION = "HTTP_AMZ_SDK_INVOCATION_ID"
"""The same for all attempts of one call of an AWS SDK (AWS SDKs reference guide, "Retry behavior")."""

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
    operation = call.operation or ""
    if call.service in TOKENS and operation.startswith("Create"):
        token = call.input.get(TOKENS[call.service])
        if token:
            return (call.account, call.region, operation, token)
    # A connection that breaks under an answer makes the client ask again, with the same mark; what happened happened.
    attempt = call.environ.get(INVOCATION)
    return (call.account, call.region, call.service, operation, attempt) if attempt and _changes(operation) else None


def _changes(operation: str) -> bool:
    return operation.startswith(("Add", "Associate", "Attach", "Create", "Delete", "Enable", "Put", "Register"))
