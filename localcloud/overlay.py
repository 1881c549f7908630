"""Where extensions of moto register: checks before an operation, answers in place of moto's, sequels to success."""

import inspect
from collections import defaultdict
from collections.abc import Callable
from types import ModuleType
from typing import Any

from localcloud import repeats
from localcloud.call import Call
from localcloud.refusal import Answer

Check = Callable[[Call], None]
Handler = Callable[[Call], Answer | dict[str, Any] | None]
Sequel = Callable[[Call, Answer], Answer | dict[str, Any] | None]

_checks: dict[tuple[str, str], list[Check]] = defaultdict(list)
_handlers: dict[tuple[str, str], Handler] = {}
_sequels: dict[tuple[str, str], list[Sequel]] = defaultdict(list)
ANY = "*"


def checks(service: str, *operations: str) -> Callable[[Check], Check]:
    """Registers a check that runs before the operations (all of the service if none is named) and may raise Refusal."""

    def register(check: Check) -> Check:
        for operation in operations or (ANY,):
            _checks[service, operation].append(check)
        return check

    return register


def answers(service: str, *operations: str) -> Callable[[Handler], Handler]:
    """Registers what answers the operations: an output by the API reference's names, an Answer, or None for moto's.

    An operation has one handler; a second one is an error of the program.
    """

    def register(handler: Handler) -> Handler:
        for operation in operations:
            if (service, operation) in _handlers:
                raise ValueError(f"{service} {operation} is answered twice: {_handlers[service, operation]}, {handler}")
            _handlers[service, operation] = handler
        return handler

    return register


def follows(service: str, *operations: str) -> Callable[[Sequel], Sequel]:
    """Registers what runs after the operations succeeded; what it returns, if anything, is answered instead."""

    def register(sequel: Sequel) -> Sequel:
        for operation in operations:
            _sequels[service, operation].append(sequel)
        return sequel

    return register


def answer(call: Call) -> Answer:
    """The account's answer to a call: checks, then the extension's handler or moto, then what follows success.

    Raises Refusal, and whatever moto raises.
    """
    if (told := repeats.known(call)) is not None:
        return told
    key = (call.service, call.operation or "")
    for check in (*_checks.get((call.service, ANY), ()), *_checks.get(key, ())):
        check(call)
    handler = _handlers.get(key)
    given = handler(call) if handler else None
    made = call.forward() if given is None else _wired(call, given)
    for sequel in _sequels.get(key, ()):
        if made.status >= 300:
            break
        then = sequel(call, made)
        made = made if then is None else _wired(call, then)
    repeats.remember(call, made)
    return made


def _wired(call: Call, given: Answer | dict[str, Any]) -> Answer:
    return given if isinstance(given, Answer) else call.write(given)


def replaces(owner: type | ModuleType, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Puts a function in the place of one of moto's.

    One that is no longer there, or that names an argument which the new one does not take, is an error of the program:
    moto passes arguments by name here and there.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        if name not in vars(owner):
            raise AttributeError(f"{owner.__name__} of moto has no {name} that could be replaced")
        missing = _names_not_taken(vars(owner)[name], function)
        if missing:
            raise TypeError(f"{function.__name__} is to replace {name} of moto and does not take {', '.join(missing)}")
        setattr(owner, name, function)
        return function

    return register


def _names_not_taken(old: Any, new: Any) -> list[str]:
    if not inspect.isroutine(old) or not inspect.isroutine(new):
        return []
    taken = inspect.signature(new).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken):
        return []
    names = {parameter.name for parameter in taken} | {"self", "cls"}
    return [name for name in inspect.signature(old).parameters if name not in names]


def is_answered(service: str, operation: str) -> bool:
    """Whether an extension answers the operation."""
    return (service, operation) in _handlers
