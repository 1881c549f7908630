"""What identity policies let somebody do: allowances, less what is denied, within a permissions boundary."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from policies.documents import POSITIVE, Statement, places, reaches

BOUNDARY_KEY = "iam:permissionsboundary"

NEGATIVE = frozenset({"stringnotequals", "stringnotlike", "arnnotequals", "arnnotlike"})

SERVICE = 2
"""The field of an ARN that names the service."""

WILDCARD = re.compile(r"[*?]")

OWNERS = {"sts": "iam", "rds-data": "rds", "redshift-data": "redshift"}
"""Services whose actions are on resources of another."""

NAMES = ("q7x0", "Zk9-w")
"""Two names that share nothing: what covers both covers any."""

ACTIONS = ("GetQ7x0", "PutZk9w")
"""Two actions that share nothing, to tell whether a pattern covers a whole service."""


@dataclass(frozen=True)
class Kind:
    """A sort of resource: the service in its ARN and its form, `{}` for the name."""

    service: str
    form: str

    def arn(self, place: tuple[str, str, str], name: str) -> str:
        """ARN of a resource; those of S3 and IAM name no region, those of S3 no account."""
        partition, region, account = place
        region = "" if self.service in ("s3", "iam") else region
        account = "" if self.service == "s3" else account
        return f"arn:{partition}:{self.service}:{region}:{account}:{self.form.replace('{}', name)}"


ROLE, USER, GROUP, POLICY = (Kind("iam", f"{one}/{{}}") for one in ("role", "user", "group", "policy"))


@dataclass(frozen=True)
class Limit:
    """A permissions boundary: the statements of its document, None where it is not of this stack."""

    statements: tuple[Statement, ...] | None = None


@dataclass(frozen=True)
class Grants:
    """The statements of the policies of one identity, and what bounds it."""

    statements: tuple[Statement, ...]
    limit: Limit | None = None
    denies: tuple[Statement, ...] = field(init=False)

    def __post_init__(self) -> None:
        bound = (self.limit.statements or ()) if self.limit else ()
        object.__setattr__(self, "denies", tuple(one for one in (*self.statements, *bound) if not one.allow))

    def everywhere(self, action: str, kind: Kind, *, guarded: bool = False) -> Statement | None:
        """The statement that allows `action` on any resource of a kind, if one does.

        guarded: whether a condition on the permissions boundary of the target makes it harmless.
        """
        return next((one for one in self._allowing(action, guarded) if self._wide(one, action, kind, guarded)), None)

    def on(self, action: str, kind: Kind, name: str, *, guarded: bool = False) -> Statement | None:
        """The statement that allows `action` on the one resource of a kind that is called `name`, if one does."""
        for one in self._allowing(action, guarded):
            for pattern in one.resources or ("*",):
                arns = [kind.arn(place, name) for place in places(pattern)]
                if any(one.covers(arn) and self._stands(action, (arn,), guarded) for arn in arns):
                    return one
        return None

    def at_all(self, action: str, *, guarded: bool = False) -> bool:
        """Whether `action` is allowed on anything of its service."""
        blanket = [one for one in self.denies if _ends(one, guarded) and one.does(action)]
        denied = any("*" in one.resources for one in blanket)
        if denied or not self._bounded(action, (), guarded):
            return False
        return any(concerns(one, action) for one in self._allowing(action, guarded))

    def _allowing(self, action: str, guarded: bool) -> Iterator[Statement]:
        for one in self.statements:
            if one.allow and one.does(action) and not (guarded and guards(one)):
                yield one

    def _wide(self, one: Statement, action: str, kind: Kind, guarded: bool) -> bool:
        return any(self._stands(action, pair, guarded) for pair in pairs(one, kind))

    def _stands(self, action: str, arns: Sequence[str], guarded: bool) -> bool:
        """Whether neither a denial nor the boundary takes away what a statement allows on `arns`."""
        against = [one for one in self.denies if _ends(one, guarded) and one.does(action)]
        return not any(one.covers(arn) for one in against for arn in arns) and self._bounded(action, arns, guarded)

    def _bounded(self, action: str, arns: Sequence[str], guarded: bool) -> bool:
        if self.limit is None or self.limit.statements is None:
            return True
        within = [one for one in self.limit.statements if one.allow and one.does(action)]
        within = [one for one in within if not (guarded and guards(one))]
        return bool(within) and all(any(one.covers(arn) for one in within) for arn in arns)


def pairs(one: Statement, kind: Kind) -> Iterator[tuple[str, str]]:
    """Pairs of resources of a kind that share no name and are both covered, so that any resource is."""
    for pattern in one.resources or ("*",):
        for place in places(pattern):
            first, second = (kind.arn(place, name) for name in NAMES)
            covers = one.covers if one.not_resources else (lambda arn, form=pattern: reaches(form, arn))
            if covers(first) and covers(second):
                yield first, second


def concerns(one: Statement, action: str) -> bool:
    """Whether a statement names a resource that may be one of the action's service: `*` on a bucket makes no role."""
    service = action.partition(":")[0].lower()
    return any(_may_be_of(OWNERS.get(service, service), pattern) for pattern in one.resources or ("*",))


def _may_be_of(service: str, pattern: str) -> bool:
    """Whether a pattern may cover a resource of a service; what follows its first wildcard may be anything."""
    fields = WILDCARD.split(pattern.lower(), maxsplit=1)[0].split(":")
    if len(fields) <= SERVICE:
        return True
    return fields[SERVICE] == service or (len(fields) == SERVICE + 1 and service.startswith(fields[SERVICE]))


def guards(one: Statement) -> bool:
    """Whether an allowance holds only for a target with a named permissions boundary."""
    return one.fixes(lambda key: key == BOUNDARY_KEY)


def whole_service(one: Statement, service: str) -> bool:
    """Whether a statement covers actions of a service whatever they are called."""
    return all(one.does(f"{service}:{action}") for action in ACTIONS)


def tagged(one: Statement) -> bool:
    """Whether a positive condition on a resource's tag narrows an allowance."""
    return one.fixes(lambda key: key.partition("/")[0].endswith((":resourcetag", ":existingobjecttag")))


def _ends(one: Statement, guarded: bool) -> bool:
    """Whether a denial always holds or, if that is enough, holds for every target without the named boundary."""
    return not one.conditions or (guarded and all(_against(*condition) for condition in one.conditions))


def _against(operator: str, key: str, values: Iterable[object]) -> bool:
    plain = operator.lower().removesuffix("ifexists")
    return plain in NEGATIVE and key == BOUNDARY_KEY and not POSITIVE.match(operator) and bool(tuple(values))
