"""Log groups that a service would make itself, without an end and without a key."""

from collections.abc import Iterator

from policies.control import Problem, fail, undetermined
from policies.reading import look
from policies.stack import UNKNOWN, Resource, Stack

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def declared(owner: Resource, path: str, form: str, stack: Stack) -> Iterator[Problem]:
    """Problems of a log group that is named after the input at `path` of its owner, `form` with `{}` for that input.

    The group is found by its literal name, or by a name that comes from the owner.
    """
    name, groups = look(owner.props, path), list(stack.of([LOG_GROUP]))
    derived = [one for one in groups if owner.urn in one.dependencies.get("name", ())]
    if isinstance(name, str):
        wanted = form.format(name)
        if any(look(one.props, "name") == wanted for one in groups):
            return
    if any(_may_be(one, form) for one in derived):
        return
    if name is UNKNOWN or any(look(one.props, "name") is UNKNOWN for one in groups):
        yield undetermined(path)
    else:
        where = form.partition("{}")[0]
        fix = "declare a LogGroup of that name with a retention and a key"
        yield fail(path, f"its log group {where}… is not declared, so the service makes one that never ends", fix)


def _may_be(group: Resource, form: str) -> bool:
    """Whether the name of a group that comes from the owner may be the wanted one."""
    name = look(group.props, "name")
    head, _, tail = form.partition("{}")
    return name is UNKNOWN or (isinstance(name, str) and name.startswith(head) and name.endswith(tail))
