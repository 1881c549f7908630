"""How an instance of a component is written down for the tests."""

from dataclasses import MISSING, fields
from typing import Any, NamedTuple

import pulumi

KEY = "arn:aws:kms:eu-central-1:000000000000:key/one"
OTHER_KEY = "arn:aws:kms:eu-central-1:000000000000:key/two"
BOUNDARY = "arn:aws:iam::000000000000:policy/boundary"
PLACE = {"account": "000000000000", "region": "eu-central-1"}
OTHER_PLACE = {"account": "111111111111", "region": "eu-west-1"}
TAGS = {"owner": "ml@example.com"}


class Instance(NamedTuple):
    """A component with the smallest good arguments, and others."""

    component: type[pulumi.ComponentResource]
    args: Any
    changes: dict[str, Any]
    """Another allowed value by field."""


def instance(component: type, args_class: type, **settings: tuple[Any, Any]) -> Instance:
    """The instance with the first value of each setting; the second is the other one that is allowed."""
    both = {
        **{key: (value, OTHER_PLACE[key]) for key, value in PLACE.items()},
        "tags": (TAGS, {"owner": "other@example.com"}),
        "prefix": ("seedbed-test", "seedbed-other"),
        "kms_key_arn": (KEY, OTHER_KEY),
        "protect": (False, True),
        "permissions_boundary": (None, BOUNDARY),
        **settings,
    }
    names = {f.name for f in fields(args_class)}
    used = {key: value for key, value in both.items() if key in names}
    assert set(settings) <= names, f"{args_class.__name__} has no {sorted(set(settings) - names)}"
    without = {f.name for f in fields(args_class) if f.default is MISSING and f.default_factory is MISSING} - set(used)
    assert not without, f"{args_class.__name__}: no value given for {sorted(without)}"
    return Instance(
        component, args_class(**{k: v for k, (v, _) in used.items()}), {k: other for k, (_, other) in used.items()}
    )
