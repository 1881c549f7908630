"""What the name of an instance type says of the machine."""

import re

_ACCELERATED = re.compile(r"(ml\.)?(p\d|g\d|gr\d|trn\d|inf\d|dl\d|vt\d)")
"""Families with GPUs or other accelerators (EC2 instance types guide, "accelerated computing")."""

_OWN_DISKS = re.compile(r"(ml\.)?([a-z]+\d+[a-z]*d[a-z]*|g5|g6|g6e|gr6|i\d\w*|p5\w*|trn[12]n?)\.")
"""Families with disks of their own (EC2 instance types guide, "instance store volumes")."""


def accelerated(name: object) -> bool:
    """Whether machines of the type have accelerators, which are what makes them dear."""
    return isinstance(name, str) and _ACCELERATED.match(name) is not None


def own_disks(name: object) -> bool:
    """Whether machines of the type have disks that their hardware encrypts; SageMaker takes no key for those."""
    return isinstance(name, str) and _OWN_DISKS.match(name) is not None
