"""What the account's baseline does for every environment in it, so that this stack need not."""

from policies.control import Parameters
from policies.reading import as_list, word
from policies.stack import Stack

REFERENCE = "pulumi:pulumi:StackReference"


def elsewhere(service: str, stack: Stack, given: Parameters) -> bool:
    """Whether the configuration registers that somebody else runs a service for this account and region.

    An entry of `LOG.baseline` names `services`, `owner` and `reference` (where that is agreed); one that names a
    `stack` too counts only where this stack refers to it by a StackReference.
    """
    referred = {name for one in stack.of([REFERENCE]) for name in (word(one.props, "name"), one.name)}
    return any(
        service in as_list(entry.get("services"))
        and bool(entry.get("owner"))
        and bool(entry.get("reference"))
        and ("stack" not in entry or entry["stack"] in referred)
        for entry in given.get("baseline", ())
    )


def in_aws(stack: Stack) -> bool:
    """Whether anything of the stack is made by AWS; a stack without such needs nothing of an account."""
    return any(token.startswith("aws:") for token in stack.by_type)
