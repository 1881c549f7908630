"""Which checks of others may testify for which control: those that were seen to tell right from wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from policies.rule import Control, Resource, Stack, controls
from referees.checkov import CHECK, Result, review
from tests.policies.cases import cases, world
from tests.policies.test_mutations import MUTATIONS, mutated

FIXTURES = "fixtures"
"""How the pair of a control's fixtures `good` and `bad` is called among its trials."""

INVERSE = "inverse:"
"""Mark of a reference that asks for the opposite."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Two stacks between which the verdict of one control changes."""

    control: str
    name: str
    sound: Stack
    deviating: Stack

    @property
    def keys(self) -> tuple[str, str]:
        """Names of the two stacks among all that a referee reads."""
        return f"{self.control} {self.name}: sound", f"{self.control} {self.name}: deviating"


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A check that passed the sound stack and failed the deviating one of at least one trial."""

    check: str
    control: str
    trials: tuple[str, ...]


def candidates(control: Control) -> tuple[str, ...]:
    """checkov's checks that a control says ask for the same."""
    return tuple(ref for ref in control.refs if CHECK.fullmatch(ref))


def inverted() -> Mapping[str, tuple[str, ...]]:
    """Controls by the checks of checkov that ask for the opposite of them."""
    found: dict[str, tuple[str, ...]] = {}
    for one in controls():
        for ref in one.refs:
            if CHECK.fullmatch(check := ref.removeprefix(INVERSE)) and check != ref:
                found[check] = (*found.get(check, ()), one.id)
    return found


def trials() -> tuple[Trial, ...]:
    """The pairs of every control that names a check: its fixtures, and the mutations of the compliant stack."""
    ids = {one.id for one in controls() if candidates(one)}
    fixtures = {(case.control, case.kind): case for case in cases()}
    found = [
        Trial(
            control=id,
            name=FIXTURES if kind == "bad" else f"{FIXTURES}, {kind}",
            sound=Stack(fixtures[id, "good"].resources),
            deviating=Stack(fixtures[id, kind].resources),
        )
        for id in sorted(ids)
        for kind in ("bad", "absent")
        if fixtures[id, kind].expected == "fail"
    ]
    for mutation in MUTATIONS:
        if mutation["control"] in ids:
            sound, deviating = _around(world(), mutated(mutation))
            found.append(
                Trial(
                    control=mutation["control"],
                    name=f"mutation: {mutation['says']}",
                    sound=Stack(sound),
                    deviating=Stack(deviating),
                )
            )
    return tuple(found)


@cache
def witnesses() -> Mapping[str, tuple[Witness, ...]]:
    """The calibrated checks of each control that names one; computed by running checkov over all trials at once."""
    tried = trials()
    wanted = {one.id: candidates(one) for one in controls() if candidates(one)}
    stacks = {key: stack for one in tried for key, stack in zip(one.keys, (one.sound, one.deviating), strict=True)}
    said = review(stacks, {check for checks in wanted.values() for check in checks})
    return {id: tuple(_calibrated(id, wanted[id], tried, said)) for id in sorted(wanted)}


def _calibrated(
    control: str, checks: Iterable[str], tried: Iterable[Trial], said: Iterable[Result]
) -> Iterable[Witness]:
    """The witnesses among `checks`, by what checkov said about the trials of their control."""
    verdicts: dict[tuple[str, str], set[bool]] = {}
    for one in said:
        verdicts.setdefault((one.check, one.stack), set()).add(one.passed)
    mine = [one for one in tried if one.control == control]
    for check in checks:
        told = tuple(
            one.name
            for one in mine
            for sound, deviating in (one.keys,)
            if verdicts.get((check, sound)) == {True} and False in verdicts.get((check, deviating), ())
        )
        if told:
            yield Witness(check=check, control=control, trials=told)


def _around(
    sound: tuple[Resource, ...], deviating: tuple[Resource, ...]
) -> tuple[tuple[Resource, ...], tuple[Resource, ...]]:
    """What differs between two stacks, with its neighbours: what it refers to, and what refers to it.

    In a cluster there is no reference but the namespace, so all that is in it belongs to it.
    """
    before, after = {one.urn: one for one in sound}, {one.urn: one for one in deviating}
    changed = {urn for urn in before.keys() | after.keys() if before.get(urn) != after.get(urn)}
    near = set(changed)
    for side in (before, after):
        namespaces = {_namespace(side[urn]) for urn in changed if urn in side} - {""}
        for urn, one in side.items():
            behind = {other for others in one.dependencies.values() for other in others}
            if behind & changed or _namespace(one) in namespaces:
                near |= {urn} | behind
            if urn in changed:
                near |= behind
    return (
        tuple(one for one in sound if one.urn in near),
        tuple(_without_lost(one, before.get(one.urn)) for one in deviating if one.urn in near),
    )


def _without_lost(one: Resource, before: Resource | None) -> Resource:
    """A resource without references of inputs that it had before: a mutation takes the input and leaves them."""
    lost = before.props.keys() - one.props.keys() if before else set()
    return replace(one, dependencies={key: urns for key, urns in one.dependencies.items() if key not in lost})


def _namespace(one: Resource) -> str:
    """The namespace that a Kubernetes resource is in, or that it is; empty for anything else."""
    if not one.type.startswith("kubernetes:"):
        return ""
    metadata = one.props.get("metadata", {})
    named = metadata.get("name" if one.type.endswith(":Namespace") else "namespace", "default")
    return named if isinstance(named, str) else ""
