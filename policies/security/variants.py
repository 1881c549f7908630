"""Endpoints of SageMaker: what they write to disk is under our key, and they outlive one machine."""

import re
from collections.abc import Iterator

from policies.customer_keys import ALIAS, KEY, customer_key
from policies.instance_types import own_disks
from policies.reading import as_number
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    items,
    look,
    parts,
    present,
    undetermined,
)

CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
ENDPOINT, TARGET = "aws:sagemaker/endpoint:Endpoint", "aws:appautoscaling/target:Target"
VARIANTS = "productionVariants"
PLACE = re.compile(r"endpoint/[^/]+/variant/([^/]+)")


@control(
    "ML-07",
    title="Endpoints are encrypted and survive a node",
    kind="stack",
    severity="medium",
    types=(CONFIGURATION, KEY, ALIAS, TARGET, ENDPOINT),
    subjects=(CONFIGURATION,),
    basis=("32(1)(a)", "32(1)(b)"),
    refs=("securityhub:SageMaker.4", "CKV_AWS_98", "prowler:sagemaker_endpoint_config_kms_encryption_enabled",
          "prowler:sagemaker_endpoint_config_prod_variant_instances"),
)  # fmt: skip
def endpoints_survive(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """kmsKeyArn names a key of this stack or of the register {keys}, unless every machine has disks that its hardware
    encrypts, for which SageMaker takes no key, or none is kept (serverless). Each production variant with machines of
    its own starts with at least {instances}, or scales with no fewer; left out, the number is 1.
    """
    # Shadow variants answer nobody, so that one machine is enough for them; their disks count all the same.
    both = (VARIANTS, "shadowProductionVariants")
    listed = {path: [] if look(one.props, path) is UNKNOWN else items(one.props, path) for path in both}
    some = [where for found in listed.values() for where, _ in found]
    yield from parts(
        _encrypted(one, some, stack, given),
        *(_instances(one, where, stack, given) for where, _ in listed[VARIANTS]),
        *([undetermined(path)] for path in both if look(one.props, path) is UNKNOWN),
    )


def _serverless(one: Resource, where: str) -> bool:
    return present(one.props, f"{where}.serverlessConfig")


def _encrypted(one: Resource, variants: list[str], stack: Stack, given: Parameters) -> Iterator[Problem]:
    machines = [where for where in variants if not _serverless(one, where)]
    types = [look(one.props, f"{where}.instanceType") for where in machines]
    needless = bool(variants) and all(own_disks(kind) for kind in types)
    if not needless:
        yield from customer_key(one, "kmsKeyArn", stack, given.get("keys", ()), "ML-07.keys")


def _instances(one: Resource, where: str, stack: Stack, given: Parameters) -> Iterator[Problem]:
    least, path = given.get("instances", 1), f"{where}.initialInstanceCount"
    if _serverless(one, where) or least <= 1:
        return
    value = look(one.props, path)
    count = 1 if value is ABSENT else as_number(value)
    if value is not UNKNOWN and count is not None and count >= least:
        return
    scaled = list(_scaled(one, where, stack))
    if any(most is not None and most >= least for most in map(as_number, scaled)):
        return
    if value is UNKNOWN or UNKNOWN in scaled:
        yield undetermined(path)
    else:
        fix = f"set {least} or more, or add a Target of Application Auto Scaling with minCapacity {least} or more"
        yield fail(path, "one machine less and nobody answers", fix)


def _scaled(one: Resource, where: str, stack: Stack) -> Iterator[object]:
    """What scaling keeps of a variant at least; a target of unknown name counts where there is one variant alone."""
    name, alone = look(one.props, f"{where}.variantName"), len(items(one.props, VARIANTS)) == 1
    endpoints = [found for found in stack.of([ENDPOINT]) if _uses(found, one, stack)]
    for target in stack.of([TARGET]):
        place = look(target.props, "resourceId")
        behind = stack.referents(target, "resourceId", [ENDPOINT])
        match = PLACE.fullmatch(place) if isinstance(place, str) else None
        mine = any(found.urn in {end.urn for end in behind} for found in endpoints) or (
            match is not None
            and any(place == f"endpoint/{look(end.props, 'name')}/variant/{name}" for end in endpoints)
        )
        if mine and (alone if match is None else match[1] == name):
            yield look(target.props, "minCapacity")


def _uses(endpoint: Resource, configuration: Resource, stack: Stack) -> bool:
    behind = stack.referents(endpoint, "endpointConfigName", [CONFIGURATION])
    name = look(configuration.props, "name")
    literal = isinstance(name, str) and look(endpoint.props, "endpointConfigName") == name
    return literal or configuration.urn in {found.urn for found in behind}
