"""The records of one environment as plain data, gathered from its program, its settings and the verdict on both."""

import datetime
from dataclasses import dataclass

from policies import rule
from seedbed.check import check, seen
from seedbed.checkout import Checkout
from seedbed.records.digests import Digests, digests
from seedbed.records.evidence import Evidence, evidence
from seedbed.records.flows import Flows, flows
from seedbed.records.parties import Party, parties
from seedbed.records.stores import DataStore, stores
from seedbed.records.told import Told, told

OPEN_QUESTIONS = (
    "categories of data subjects (Art. 30(1)(c))",
    "contracts with processors (Art. 28(3)), unless the processor register names them",
    "the data protection officer and any joint controller or representative (Art. 30(1)(a))",
    "the reasons for each legal basis, for example the balancing test of legitimate interests (Art. 6(1)(f))",
    "documentation of suitable safeguards where Art. 49(1), second subparagraph, is relied on (Art. 30(1)(e))",
)
"""What a record of processing activities needs and no program can say."""


@dataclass(frozen=True, kw_only=True)
class Activity:
    """One processing activity: a store of personal data, and who works with what is in it."""

    store: DataStore
    teams: tuple[str, ...]
    pipelines: tuple[str, ...]
    endpoints: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Transfers:
    """Where personal data leaves the European Economic Area (Art. 30(1)(e))."""

    regions: tuple[str, ...]
    """Regions of stores of personal data."""

    evidence: tuple[Evidence, ...]
    """The controls of residency."""


@dataclass(frozen=True, kw_only=True)
class Records:
    """All that is written of an environment."""

    environment: str
    at: datetime.datetime
    """When it was gathered, in UTC."""

    file: str
    """Name of the environment's file."""

    account: str
    region: str
    owner: str
    controller: str
    """Name and contact, empty where the settings name none."""

    digests: Digests
    resources: int
    """How many resources the program declares."""

    stores: tuple[DataStore, ...]
    activities: tuple[Activity, ...]
    transfers: Transfers
    parties: tuple[Party, ...]
    flows: Flows
    evidence: tuple[Evidence, ...]
    told: tuple[Told, ...]
    notes: tuple[str, ...]
    """What a reader has to know about the levels."""

    @property
    def violated(self) -> tuple[Evidence, ...]:
        return tuple(one for one in self.evidence if one.outcome == "violated")

    @property
    def undetermined(self) -> tuple[Evidence, ...]:
        return tuple(one for one in self.evidence if one.outcome == "undetermined")

    @property
    def waived(self) -> tuple[rule.Finding, ...]:
        """Findings that an exception answers for."""
        return tuple(finding for one in self.evidence for finding in one.findings if finding.waiver)


def gather(checkout: Checkout, environment: str, at: datetime.datetime) -> Records:
    """Rehearses the program and judges it; asks no cloud. Raises what `settings` and `check` raise."""
    settings = checkout.settings(environment)
    verdict, rehearsal = check(environment, checkout.file(environment))
    stack, levels = seen(environment, rehearsal), rule.config(environment)
    proof = evidence(verdict, levels)
    found = stores(stack, verdict, levels)
    ways = flows(found, settings)
    return Records(
        environment=environment,
        at=at,
        file=checkout.file(environment).name,
        account=settings.account,
        region=settings.region,
        owner=settings.environment.owner,
        controller=settings.controller or "",
        digests=digests(checkout, environment, rehearsal.resources),
        resources=sum(one.custom for one in rehearsal.resources),
        stores=found,
        activities=tuple(_activity(one, ways) for one in found if one.personal),
        transfers=Transfers(
            regions=tuple(sorted({one.region for one in found if one.personal})),
            evidence=tuple(one for one in proof if {"44", "45", "46"} & set(one.control.gdpr)),
        ),
        parties=parties(stack, settings, levels),
        flows=ways,
        evidence=proof,
        told=told(levels),
        notes=verdict.notes,
    )


def _activity(store: DataStore, ways: Flows) -> Activity:
    """A store with the stations that its data may reach, and the endpoint whose requests it keeps."""
    reached = {f"store {store.name}", f"kept {store.name}"}
    sources = {way.source for way in ways.flows if way.target in reached}
    while more := {way.target for way in ways.flows if way.source in reached} - reached:
        reached |= more

    def of(kind: str) -> tuple[str, ...]:
        return tuple(sorted(one.partition(" ")[2] for one in reached | sources if one.startswith(f"{kind} ")))

    return Activity(store=store, teams=of("team"), pipelines=of("pipeline"), endpoints=of("endpoint"))
