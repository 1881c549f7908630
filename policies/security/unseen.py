"""What no policy sees: refused, so that a passing verdict is about everything that is made."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from policies.control import Control, controls
from policies.levels import config
from policies.reading import UndeterminedError, is_list
from policies.rule import Parameters, Problem, Resource, Stack, control, fail, skip

OPAQUE = {
    "kubernetes:helm.sh/v3:Release": ("a chart that is installed unseen", "register its objects one by one"),
    "pulumi-python:dynamic": ("a resource whose provider is a program of its own", "use one of a provider"),
    "pulumi-nodejs:dynamic": ("a resource whose provider is a program of its own", "use one of a provider"),
    "command:local:": ("a command on the machine that deploys", "use a resource of a provider"),
    "command:remote:": ("a command on another machine", "use a resource of a provider"),
    "aws:cloudformation/stack": ("a template that is deployed unseen", "declare its resources one by one"),
    "aws:serverlessrepository/": ("a template that is deployed unseen", "declare its resources one by one"),
    "aws:cloudcontrol/": ("a resource of which no policy knows the type", "use its own type of the package aws"),
    "aws-native:": ("a resource of which no policy knows the type", "use that of the package aws"),
}
"""Starts of the types that do what their inputs do not say, or not as any policy reads it, and what to use instead."""

PROVIDER, READ = "pulumi:providers:", ("aws", "kubernetes")
"""Start of the types of providers, and the packages whose resources the controls read."""


@control(
    "GOV-05",
    title="Nothing reaches production unseen by policy",
    kind="stack",
    severity="medium",
    types=(*(f"{start}*" for start in OPAQUE if not start.startswith("aws:")), "aws:*", "kubernetes:*", f"{PROVIDER}*"),
    basis=("32(1)(d)",),
    refs=("design:pulumi/pulumi#10055", "design:pulumi/pulumi-kubernetes#2134"),
)
def nothing_is_unseen(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """No resource hides what it makes: no Helm release, dynamic resource, command or CloudFormation template, and none
    of aws-native or Cloud Control. Each provider is of aws or kubernetes, whose resources are read, or of a package
    that {packages} lists with a reason. None ignores changes of an input that another control reads, since what is
    deployed may then differ from what was judged, but those that {ignored} lists with a reason; controls of {wholes}
    read every input and are not counted.
    """
    if one.type.startswith(PROVIDER):
        yield from _package(one.type.removeprefix(PROVIDER), given)
        return
    for start, instead in OPAQUE.items():
        if one.type.startswith(start):
            yield fail("", *instead)
            return
    if not one.ignores:
        yield skip("ignores no changes")
    for path in one.ignores:
        if not _listed(one, path, given) and (reader := _reader(one, path, stack, given)):
            yield fail(path, f"changes are ignored, and {reader} reads it", "remove it from ignoreChanges")


def _package(name: str, given: Parameters) -> Iterator[Problem]:
    reasoned = [entry.get("package") for entry in given.get("packages", ()) if entry.get("reason")]
    if name not in (*READ, *reasoned):
        fix = f"use {' or '.join(READ)}, or register it under GOV-05.packages"
        yield fail("", "a package that no policy reads", fix)


def _listed(one: Resource, path: str, given: Parameters) -> bool:
    entries = given.get("ignored", ())
    return any(entry.get("reason") and (entry.get("type"), entry.get("path")) == (one.type, path) for entry in entries)


def _reader(one: Resource, path: str, stack: Stack, given: Parameters) -> str:
    """Id of a control that looks at an input of a resource, found out by letting it judge; empty where none does."""
    path = "" if path == "*" else path
    seen: set[str] = set()
    watched = replace(one, props=_Watched(one.props, "", seen))
    among = Stack(watched if other is one else other for other in stack.resources)
    for asked in controls():
        if asked.id in ("GOV-05", *given.get("wholes", ())) or asked.kind == "verdict" or not _concerns(asked, one):
            continue
        seen.clear()
        _ask(asked, watched, among, given)
        if any(place == path or not path or place.startswith((f"{path}.", f"{path}[")) for place in seen):
            return asked.id
    return ""


def _concerns(asked: Control, one: Resource) -> bool:
    return asked.judges(one.type) or one.type in asked.types


def _ask(asked: Control, watched: Resource, among: Stack, given: Parameters) -> None:
    """Let a control judge the resource, or, where that is only evidence to it, what it is evidence for."""
    subjects = [watched] if asked.judges(watched.type) else [one for one in among.resources if asked.judges(one.type)]
    own = {**config(among.environment).of(asked.id), "today": given.get("today")}
    for subject in subjects:
        try:
            for _ in asked.judge(subject, among, own):
                pass
        except UndeterminedError:
            continue
        except Exception:
            continue  # a rule that breaks is reported where it is asked for its verdict


class _Watched(Mapping[str, Any]):
    """Inputs that keep the path of everything that is looked at."""

    def __init__(self, content: Mapping[str, Any], path: str, seen: set[str]) -> None:
        self._content, self._path, self._seen = content, path, seen

    def __getitem__(self, key: str) -> Any:
        where = f"{self._path}.{key}" if self._path else str(key)
        self._seen.add(where)
        return self._shown(self._content[key], where)

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def _shown(self, value: Any, where: str) -> Any:
        if isinstance(value, Mapping):
            return _Watched(value, where, self._seen)
        if is_list(value):
            return [self._shown(entry, f"{where}[{index}]") for index, entry in enumerate(value)]
        return value
