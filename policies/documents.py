"""IAM policy documents: what a statement allows, to whom, and whether a condition narrows it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

from policies.reading import ABSENT, as_list, document, whole

ACCOUNT_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourceowner",
        "kms:calleraccount",
    }
)
"""Condition keys that tie a request to named accounts (Amazon S3 User Guide, "The meaning of public")."""

PRINCIPAL_KEYS = ACCOUNT_KEYS | {"aws:principalarn", "aws:sourcearn", "aws:sourcevpce", "aws:sourcevpc", "aws:userid"}
"""Condition keys that name who or where a request may come from."""

WHOLE_KEYS = (ACCOUNT_KEYS - {"aws:principalorgpaths"}) | {
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
}
"""Condition keys whose value is one identifier: with a wildcard it is anybody's that begins alike."""

HEADED_KEYS = {"aws:principalorgpaths": "/", "aws:resourceorgpaths": "/", "aws:sourceorgpaths": "/", "aws:userid": ":"}
"""Condition keys whose value begins with an identifier, and what ends that: a wildcard comes after it alone."""

ARN_FIELDS = 6
"""`arn:partition:service:region:account:resource`."""

POSITIVE = re.compile(r"^(foranyvalue:)?(string|arn)(equals|like|equalsignorecase)$", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """One statement of a policy document, with lists where AWS accepts either."""

    path: str
    allow: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: tuple[str, ...]
    """Principals as `TYPE:VALUE`, `*` for everybody."""

    not_principals: bool
    conditions: tuple[tuple[str, str, tuple[Any, ...]], ...] = field(default=())
    """Operator, key in lower case, values."""

    def does(self, action: str) -> bool:
        """Whether the statement covers an action such as `kms:Decrypt`."""
        if self.not_actions:
            return not any(matches(one, action) for one in self.not_actions)
        return any(matches(one, action) for one in self.actions)

    def narrowed(self, keys: frozenset[str]) -> bool:
        """Whether a positive condition fixes one of `keys` to values that name something.

        `...IfExists` and `ForAllValues:` hold for a request without the key, so they narrow nothing.
        """
        return self.fixes(lambda key: key in keys)

    def fixes(self, wanted: Callable[[str], bool]) -> bool:
        """Whether a positive condition fixes a key that is `wanted` (in lower case) to values that name something."""
        return any(
            POSITIVE.match(operator) is not None
            and wanted(key)
            and values
            and all(_names_something(key, one) for one in values)
            for operator, key, values in self.conditions
        )

    def covers(self, arn: str) -> bool:
        """Whether the statement speaks of the resource `arn`."""
        if self.not_resources:
            return not any(reaches(one, arn) for one in self.not_resources)
        return any(reaches(one, arn) for one in self.resources)

    @property
    def anonymous(self) -> bool:
        """Whether everybody is a principal, before conditions."""
        return self.not_principals or "*" in self.principals or "AWS:*" in self.principals


def statements(props: Any, path: str) -> list[Statement] | None:
    """The statements of the document at `path`; None where it is no policy document, [] where it is absent.

    Raises UndeterminedError when the document is unknown.
    """
    whole(props, path)
    content = document(props, path)
    if content is ABSENT or content == "":
        return []
    if not isinstance(content, Mapping) or "Statement" not in content:
        return None
    entries = as_list(content["Statement"])
    if not entries or not all(isinstance(one, Mapping) and one.get("Effect") in ("Allow", "Deny") for one in entries):
        return None
    return [_statement(one, f"{path}.Statement[{index}]") for index, one in enumerate(entries)]


def matches(pattern: str, value: str) -> bool:
    """Whether an IAM pattern with `*` and `?` covers `value`; case does not count, as in action names."""
    return _regex(pattern).fullmatch(value) is not None


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    written = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.compile(written, re.IGNORECASE | re.DOTALL)


def reaches(pattern: str, arn: str) -> bool:
    """Whether a resource pattern covers `arn`; AWS completes a pattern of too few fields with wildcards."""
    missing = ARN_FIELDS - len(pattern.split(":"))
    return matches(pattern, arn) or (missing > 0 and matches(":".join([pattern, *["*"] * missing]), arn))


def places(pattern: str) -> Iterator[tuple[str, str, str]]:
    """Partitions, regions and accounts in which a pattern may hold: usual ones, and those that it names itself."""
    named = {one.replace("*", "").replace("?", "0") for one in pattern.split(":")[1 : ARN_FIELDS - 1]}
    return product({"aws", *named}, {"eu-central-1", *named}, {"111111111111", *named})


def _statement(entry: Mapping[str, Any], path: str) -> Statement:
    return Statement(
        path=path,
        allow=entry["Effect"] == "Allow",
        actions=_words(entry.get("Action")),
        not_actions=_words(entry.get("NotAction")),
        resources=_words(entry.get("Resource")),
        not_resources=_words(entry.get("NotResource")),
        principals=tuple(_principals(entry.get("Principal"))),
        not_principals="NotPrincipal" in entry,
        conditions=tuple(_conditions(entry.get("Condition"))),
    )


def _words(value: Any) -> tuple[str, ...]:
    return tuple(one if isinstance(one, str) else "*" for one in as_list(value))


def _principals(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for kind, some in value.items():
            yield from (f"{kind}:{one}" for one in as_list(some))
    else:
        yield from (str(one) for one in as_list(value))


def _conditions(value: Any) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    for operator, keys in value.items() if isinstance(value, Mapping) else ():
        for key, some in keys.items() if isinstance(keys, Mapping) else ():
            yield str(operator), str(key).lower(), tuple(as_list(some))


def _names_something(key: str, value: Any) -> bool:
    """Whether a condition's value is more than a wildcard: an ARN has to fix the account, an alias its name."""
    if not isinstance(value, str) or not value:
        return False
    fixed = re.split(r"[*?]", value, maxsplit=1)[0]
    if fixed == value:
        return True
    if key in WHOLE_KEYS:
        return False
    if key in HEADED_KEYS:
        return HEADED_KEYS[key] in fixed[1:]
    if value.startswith("arn:"):
        return re.match(r"arn:[^:]*:[^:]*:[^:]*:\d{12}:", value) is not None
    return re.match(r"[\w-]{3,}", value.removeprefix("alias/")) is not None
