"""Where resources live: in the European Economic Area."""

from collections.abc import Iterator

from policies.regions import approved
from policies.rule import ABSENT, UNKNOWN, Parameters, Problem, Resource, Stack, control, fail, look, undetermined

PROVIDER = "pulumi:providers:aws"


def region_of(resource: Resource, stack: Stack) -> object:
    """The region where a resource is made: its own, else its provider's; ABSENT or UNKNOWN where that is so."""
    own = look(resource.props, "region")
    provider = stack.provider_of(resource)
    return own if own not in (ABSENT, "") else look(provider.props, "region") if provider else ABSENT


def refuse(path: str, value: object, given: Parameters, what: str = "this region") -> Iterator[Problem]:
    """Problems of one region name."""
    fix = "use a region of RES.regions, or record an adequacy decision under RES.adequacyDecisions"
    if value is UNKNOWN:
        yield undetermined(path)
    elif value is ABSENT or value == "":
        yield fail(path, "not set, so the shell would decide", "set the region on the provider")
    elif not isinstance(value, str) or value not in approved(given):
        yield fail(path, f"{what} is not on the list of approved EEA regions", fix)


@control(
    "RES-01",
    title="Every resource lives in an approved EEA region",
    kind="resource",
    severity="critical",
    types=(PROVIDER, "aws:*"),
    basis=("44", "45", "46", "5(1)(f)"),
    refs=("prowler:organizations_scp_check_deny_regions", "design:pulumi/pulumi-aws#5610",
          "awspra:restrict-data-transfers-across-regions"),
)  # fmt: skip
def resources_live_in_the_eea(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """The effective region, a resource's own or else its provider's, is on the explicit list of EEA regions, or has a
    recorded adequacy decision, as London and Zurich would need; a region taken from the shell counts as missing.

    A resource without a region of its own is judged through its provider, so that one mistake is said once.
    """
    own = look(one.props, "region")
    if one.type == PROVIDER or own not in (ABSENT, ""):
        yield from refuse("region", own, given)
    elif stack.provider_of(one) is None:
        yield from refuse("region", ABSENT, given)
