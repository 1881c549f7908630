"""Data stores as the resources themselves describe them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies import rule
from policies.gdpr.residency import region_of
from policies.stack import ROOT
from policies.tags import PERSONAL, tag
from seedbed.records.evidence import Safeguard, safeguards

CLASSIFIED = "PRIV-01"
"""The control that says which types hold data."""

REGISTERED = "PRIV-08"
"""The control that says which types the exported register of processing lists."""

KEY = "aws:kms/key:Key"
NAMED = ("dataset", "capture")
"""Stages of data whose stores go by the name of their component, which is that of the settings."""

OWN = (*NAMED, "model", "database")
"""Stages of data whose stores have a component of their own."""

UNDECIDED = "unknown until the deployment"

LEGAL_BASES = {
    "consent": "Art. 6(1)(a)",
    "contract": "Art. 6(1)(b)",
    "legal-obligation": "Art. 6(1)(c)",
    "vital-interests": "Art. 6(1)(d)",
    "public-task": "Art. 6(1)(e)",
    "legitimate-interests": "Art. 6(1)(f)",
}
CONDITIONS = {
    "explicit-consent": "Art. 9(2)(a)",
    "employment-social-security": "Art. 9(2)(b)",
    "vital-interests": "Art. 9(2)(c)",
    "not-for-profit-body": "Art. 9(2)(d)",
    "made-public": "Art. 9(2)(e)",
    "legal-claims": "Art. 9(2)(f)",
    "substantial-public-interest": "Art. 9(2)(g)",
    "health-or-social-care": "Art. 9(2)(h)",
    "public-health": "Art. 9(2)(i)",
    "archiving-research-statistics": "Art. 9(2)(j)",
}


@dataclass(frozen=True, kw_only=True)
class DataStore:
    """One place where data lies."""

    urn: str
    name: str
    """Name of the component that the program declares, else of the resource."""

    kind: str
    """Last word of the type: `Bucket`, `Instance`."""

    data_class: str
    """Empty where the store says none."""

    stage: str
    origin: str
    region: str
    place: str
    """Where the region is, as the list of approved regions has it; empty where it is not on the list."""

    purpose: str
    legal_basis: str
    special_condition: str
    controller: str
    register_id: str
    recipients: tuple[str, ...]
    retention_days: str
    erasure_path: str
    keys: tuple[str, ...]
    """Names of the keys that encrypt it or what is beside it."""

    safeguards: tuple[Safeguard, ...]

    @property
    def personal(self) -> bool:
        """Whether it holds personal data; a store without a class may."""
        return self.data_class not in ("public", "internal", "confidential")

    @property
    def categories(self) -> str:
        """Categories of personal data as far as the program knows them (Art. 30(1)(c))."""
        if not self.personal:
            return "no personal data"
        known = {"special": "special categories (Art. 9(1))", "personal": "personal data"}
        kind = known.get(self.data_class, "not classified, so it counts as personal data")
        return f"{kind}, {self.origin}" if self.origin else kind


def stores(stack: rule.Stack, verdict: rule.Verdict, levels: rule.Config) -> tuple[DataStore, ...]:
    """Every data store of a stack, and what else processes personal data: those with such data first, then by name."""
    holders = [one for one in rule.controls() if one.id == CLASSIFIED]
    processors = [one for one in rule.controls() if one.id == REGISTERED]

    def concerns(one: rule.Resource) -> bool:
        if any(control.judges(one.type) for control in holders):
            return True
        processes = one.type != ROOT and any(control.judges(one.type) for control in processors)
        return processes and _personal(one, stack)

    found = [_store(one, stack, verdict, levels) for one in stack.resources if concerns(one)]
    rank = {name: number for number, name in enumerate(("", *reversed(PERSONAL), "confidential", "internal"))}
    return tuple(sorted(found, key=lambda one: (rank.get(one.data_class, len(rank)), one.stage == "log", one.name)))


def _store(one: rule.Resource, stack: rule.Stack, verdict: rule.Verdict, levels: rule.Config) -> DataStore:
    def said(name: str) -> str:
        try:
            return tag(one, stack, name)
        except rule.UndeterminedError:
            return UNDECIDED

    near = belongings(one, stack, alone=said("data-stage") in OWN)
    region = _region(one, stack)

    return DataStore(
        urn=one.urn,
        name=outermost(one, stack).name if said("data-stage") in NAMED else one.name,
        kind=one.type.rpartition(":")[2],
        data_class=said("data-class"),
        stage=said("data-stage"),
        origin=said("data-origin"),
        region=region,
        place=_places(levels).get(region, ""),
        purpose=said("purpose"),
        legal_basis=said("legal-basis"),
        special_condition=said("special-condition"),
        controller=said("controller"),
        register_id=said("register-id"),
        recipients=tuple(said("recipients").split()),
        retention_days=said("retention-days"),
        erasure_path=said("erasure-path"),
        keys=tuple(sorted(r.name for r in near.values() if r.type == KEY)),
        safeguards=safeguards(near.keys(), verdict),
    )


def _personal(one: rule.Resource, stack: rule.Stack) -> bool:
    try:
        return tag(one, stack, "data-class") in PERSONAL
    except rule.UndeterminedError:
        return True


def _region(one: rule.Resource, stack: rule.Stack) -> str:
    region = region_of(one, stack)
    return region if isinstance(region, str) else UNDECIDED if region is rule.UNKNOWN else ""


def _places(levels: rule.Config) -> Mapping[str, str]:
    given: Mapping[str, Any] = levels.of("RES-01")
    decided = {one["region"]: str(one.get("decision", "")) for one in given.get("adequacyDecisions", ())}
    return {**{one["region"]: str(one.get("place", "")) for one in given.get("regions", ())}, **decided}


def outermost(one: rule.Resource, stack: rule.Stack) -> rule.Resource:
    """The component that the program itself declares and that holds the resource; the resource where there is none."""
    while (above := stack.by_urn.get(one.parent)) is not None:
        one = above
    return one


def belongings(store: rule.Resource, stack: rule.Stack, *, alone: bool) -> dict[str, rule.Resource]:
    """The store with the keys behind it, by URN, and what belongs to it.

    alone: its component is there for it, so what the component makes belongs to it; else what refers to it does.
    """
    near = {store.urn: store}
    whole = outermost(store, stack)
    for one in stack.resources:
        if store.urn in _behind(one) or (alone and store.parent and outermost(one, stack) is whole):
            near[one.urn] = one
    for urn in sorted({urn for one in near.values() for urn in _behind(one)}):
        if (key := stack.by_urn.get(urn)) is not None and key.type == KEY:
            near[urn] = key
    return near


def _behind(one: rule.Resource) -> set[str]:
    return {urn for urns in one.dependencies.values() for urn in urns}
