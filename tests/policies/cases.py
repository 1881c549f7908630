"""Fixtures of the controls: lists of resources in YAML, turned into what each of three judges reads."""

import datetime
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from policies.rule import UNKNOWN, Resource, Stack, Waiver, config, judge
from policies.stack import ROOT
from policies.waivers import entries_of

HERE = Path(__file__).parent
FIXTURES = HERE / "fixtures"
KINDS = ("good", "bad", "unknown", "absent", "na")
EXPECTED = {
    "good": "pass",
    "bad": "fail",
    "unknown": "undetermined",
    "absent": "fail",
    "na": "not-applicable",
}
TODAY = datetime.date(2026, 11, 23)

TAGS = {"owner": "ml-platform@example.com", "system": "seedbed", "env": "staging", "cost-center": "cc-7"}
PROVIDERS = {
    "aws": {"region": "eu-central-1", "allowedAccountIds": '["111111111111"]', "defaultTags": {"tags": TAGS}},
    "bare": {"region": "eu-central-1", "allowedAccountIds": ["111111111111"]},
    "default_7_21_0": {"region": "eu-central-1"},
    "k8s": {"context": "staging"},
}
"""Providers that a fixture's resources may use by name; AWS resources use `aws` unless they say otherwise."""


class Loader(yaml.SafeLoader):
    """YAML with `!unknown VALUE` for a value that preview does not know, and `!day 30` for a day so far from `today`.

    What is unknown has its VALUE once it is `deployed`, where the fixture gives one.
    """

    today = TODAY
    deployed = False

    def unknown(self, node: yaml.Node) -> object:
        return node.value if self.deployed and node.value else UNKNOWN

    def day(self, node: yaml.Node) -> str:
        return (self.today + datetime.timedelta(int(node.value))).isoformat()


Loader.add_constructor("!unknown", Loader.unknown)
Loader.add_constructor("!day", Loader.day)


class Case(NamedTuple):
    control: str
    kind: str
    environment: str
    resources: tuple[Resource, ...]
    waivers: tuple[Waiver, ...]
    expected: str

    @property
    def id(self) -> str:
        return f"{self.control}-{self.kind}"


@cache
def cases(today: datetime.date = TODAY, *, deployed: bool = False) -> tuple[Case, ...]:
    """All fixtures, to be judged on a day; a file that lacks one of the five kinds fails here."""
    paths = sorted(FIXTURES.glob("*.yaml"))
    return tuple(case for path in paths for case in read(path, today=today, deployed=deployed))


def read(path: Path, prefix: str = "", today: datetime.date = TODAY, *, deployed: bool = False) -> list[Case]:
    """The cases of one control's file, with `prefix` before each resource's name."""
    loader = type("Dated", (Loader,), {"today": today, "deployed": deployed})
    content = yaml.load(path.read_text(), loader)
    missing = [kind for kind in KINDS if kind not in content]
    assert not missing, f"{path}: no {', '.join(missing)}; a control needs all of {', '.join(KINDS)}"
    environment = content.get("environment", "staging")
    expected = {**EXPECTED, **content.get("expect", {})}
    made = []
    for kind in KINDS:
        some = resources(content[kind], environment, prefix)
        entries = content.get("exceptions", {}).get(kind, [])
        made.append(Case(path.stem, kind, environment, some, register(entries, some), expected[kind]))
    return made


def resources(entries: list[dict[str, Any]], environment: str, prefix: str = "") -> tuple[Resource, ...]:
    """The resources of a list, the stack itself first (an entry of its type gives its outputs), with the providers."""
    head = f"urn:pulumi:{environment}::seedbed::"
    outputs = next((entry["props"] for entry in entries if entry["type"] == ROOT), {})
    entries = [entry for entry in entries if entry["type"] != ROOT]
    urns = {entry["name"]: f"{head}{entry['type']}::{prefix}{entry['name']}" for entry in entries}
    used = {entry["name"]: _provider(entry) for entry in entries}
    name = f"seedbed-{environment}"
    root = Resource(urn=f"{head}{ROOT}::{name}", type=ROOT, name=name, props=outputs)
    return (
        root,
        *(_made(head, name) for name in sorted(set(used.values())) if name),
        *(
            Resource(
                urn=urns[entry["name"]],
                type=entry["type"],
                name=f"{prefix}{entry['name']}",
                props=entry.get("props", {}),
                dependencies={
                    prop: tuple(urns[one] for one in ([names] if isinstance(names, str) else names))
                    for prop, names in entry.get("from", {}).items()
                },
                parent=root.urn,
                provider=f"{_made(head, used[entry['name']]).urn}::id" if used[entry["name"]] else "",
                protect=entry.get("protect", False),
                ignores=tuple(entry.get("ignores", ())),
            )
            for entry in entries
        ),
    )


def _provider(entry: Mapping[str, Any]) -> str:
    package = entry["type"].partition(":")[0]
    return entry.get("provider", {"aws": "aws", "kubernetes": "k8s"}.get(package, ""))


def _made(head: str, name: str) -> Resource:
    token = f"pulumi:providers:{'kubernetes' if name == 'k8s' else 'aws'}"
    return Resource(urn=f"{head}{token}::{name}", type=token, name=name, props=PROVIDERS[name])


def register(entries: list[dict[str, Any]], some: tuple[Resource, ...]) -> tuple[Waiver, ...]:
    """Exceptions as the register's reader makes them; `URN(name)` stands for a resource of the case."""
    if not entries:
        return ()
    urns = {f"URN({one.name})": one.urn for one in some}
    text = yaml.safe_dump({"exceptions": [{**entry, "urn": urns[entry["urn"]]} for entry in entries]})
    return entries_of(text, "exceptions.yaml")


def world(environment: str = "staging", more: Sequence[dict[str, Any]] = ()) -> tuple[Resource, ...]:
    """A stack with a bit of everything to which no control objects, and what else it shall hold."""
    return resources([*_compliant(), *more], environment)


@cache
def _compliant() -> list[dict[str, Any]]:
    return yaml.load((HERE / "compliant.yaml").read_text(), Loader)["resources"]


def speakers(some: tuple[Resource, ...], environment: str = "staging", exceptions: tuple[Waiver, ...] = ()) -> set[str]:
    """Ids of the controls that ask for something."""
    verdict = judge(Stack(some), config(environment), exceptions, today=TODAY)
    return {one.control for one in (*verdict.blocking, *verdict.advisory)}
