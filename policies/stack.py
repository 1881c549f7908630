"""A stack as a judge sees it: plain resources and how they refer to each other."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar

T = TypeVar("T")


class _Unknown:
    """A value that the engine does not know before the deployment."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, _memo: object) -> "_Unknown":
        return self

    def __copy__(self) -> "_Unknown":
        return self


UNKNOWN: Final = _Unknown()
"""Stands in `Resource.props` wherever preview cannot know the value; compare with `is`."""

ROOT = "pulumi:pulumi:Stack"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of a stack: its inputs as plain data and the resources that each input comes from."""

    urn: str
    type: str
    name: str
    props: Mapping[str, Any] = field(default_factory=dict)
    """Inputs in the provider's spelling (camelCase), with `UNKNOWN` where the engine knows no value; of the stack
    itself (`ROOT`) its outputs."""

    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """URNs behind each top-level input."""

    parent: str = ""
    """URN of the parent, or empty."""

    provider: str = ""
    """URN of the provider that manages the resource, with or without the engine's `::id`, or empty."""

    protect: bool = False
    """Whether the engine refuses to delete it (the resource option `protect`)."""

    ignores: tuple[str, ...] = ()
    """Paths of inputs whose changes the engine leaves alone (the resource option `ignoreChanges`)."""


class Stack:
    """All resources of one deployment, indexed by URN and type."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources: tuple[Resource, ...] = tuple(resources)
        self._found: dict[tuple[Any, ...], Any] = {}

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        return {resource.urn: resource for resource in self.resources}

    @cached_property
    def by_type(self) -> Mapping[str, tuple[Resource, ...]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.type, []).append(resource)
        return {token: tuple(sorted(some, key=lambda one: one.urn)) for token, some in found.items()}

    @cached_property
    def environment(self) -> str:
        """Name of the environment: the stack part of the URNs; empty when there is no resource."""
        return next((environment_of(resource.urn) for resource in self.resources), "")

    @cached_property
    def root(self) -> str:
        """URN of the stack itself; composed when the stack resource is not among the resources."""
        for resource in self.by_type.get(ROOT, ()):
            return resource.urn
        for resource in self.resources:
            head = resource.urn.split("::")
            if len(head) >= 2:
                stack, project = head[0].rpartition(":")[2], head[1]
                return f"{head[0]}::{project}::{ROOT}::{project}-{stack}"
        return ""

    def of(self, types: Iterable[str]) -> Iterator[Resource]:
        """Resources whose type is one of `types`, in order of URN within a type."""
        for token in types:
            yield from self.by_type.get(token, ())

    def once(self, key: tuple[Any, ...], find: Callable[[], T]) -> T:
        """What `find` gives, found out once for this stack; `key` starts with the name of who asks."""
        if key not in self._found:
            self._found[key] = find()
        return self._found[key]

    def provider_of(self, resource: Resource) -> Resource | None:
        """The provider resource, found with or without the engine's id after the URN."""
        if not resource.provider:
            return None
        exact = self.by_urn.get(resource.provider)
        return exact or self.by_urn.get(resource.provider.rpartition("::")[0])

    def referents(self, resource: Resource, prop: str, types: Iterable[str]) -> tuple[Resource, ...]:
        """Resources of `types` that the input `prop` comes from.

        A reference may pass through a sibling (`bucket=versioning.bucket`): where no dependency is of
        `types`, the same input of each dependency is followed.
        """
        wanted, seen, queue = frozenset(types), {resource.urn}, [resource]
        while queue:
            behind = [
                self.by_urn[urn]
                for one in queue
                for urn in one.dependencies.get(prop, ())
                if urn in self.by_urn and urn not in seen
            ]
            found = {one.urn: one for one in behind if one.type in wanted}
            if found:
                return tuple(found[urn] for urn in sorted(found))
            seen.update(one.urn for one in behind)
            queue = behind
        return ()

    def joined(self, resource: Resource, types: Iterable[str], prop: str) -> tuple[Resource, ...]:
        """Resources of `types` whose input `prop` comes from `resource` and from no other of its type.

        A relation that could also mean another resource is left out here and listed by `ambiguous`.
        """
        return tuple(one for one, behind in self._links(types, prop, resource) if len(behind) == 1)

    def ambiguous(self, resource: Resource, types: Iterable[str], prop: str) -> tuple[Resource, ...]:
        """Resources of `types` whose input `prop` comes from `resource` and from others of its type."""
        return tuple(one for one, behind in self._links(types, prop, resource) if len(behind) > 1)

    def _links(
        self, types: Iterable[str], prop: str, target: Resource
    ) -> Iterable[tuple[Resource, tuple[Resource, ...]]]:
        """Resources that refer to `target`, each with all that it may refer to; looked up, not searched again."""
        sought, same = tuple(types), SAME.get(target.type, (target.type,))

        def index() -> dict[str, list[tuple[Resource, tuple[Resource, ...]]]]:
            found: dict[str, list[tuple[Resource, tuple[Resource, ...]]]] = {}
            for one in self.of(sought):
                behind = self.referents(one, prop, same)
                for other in behind:
                    found.setdefault(other.urn, []).append((one, behind))
            return found

        return self.once(("links", sought, prop, same), index).get(target.urn, ())


BUCKET = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
"""Both tokens of an S3 bucket: pulumi-aws 7 knows `BucketV2` as the older spelling."""

SAME: Mapping[str, tuple[str, ...]] = dict.fromkeys(BUCKET, BUCKET)
"""Types that are one thing under several tokens."""


def environment_of(urn: str) -> str:
    """The stack's name in a URN (`urn:pulumi:STACK::PROJECT::TYPE::NAME`); empty when it is no URN."""
    head = urn.split("::", 1)[0]
    return head.removeprefix("urn:pulumi:") if head.startswith("urn:pulumi:") else ""
