"""Lineage: from what is served back to run, code, data and purpose."""

import re
from collections.abc import Callable, Iterator, Mapping

from policies.annotations import said
from policies.pods import INFERENCE, pod_labels, pods
from policies.rule import (
    ABSENT,
    BUCKET,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    UndeterminedError,
    control,
    fail,
    items,
    look,
    parts,
    present,
    undetermined,
)
from policies.tags import tag

MODEL, ENDPOINT = "aws:sagemaker/model:Model", "aws:sagemaker/endpoint:Endpoint"
CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
VERSIONING = ("aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2")

LINEAGE: Mapping[str, tuple[re.Pattern[str], str]] = {
    "run-id": (re.compile(r"[\w.-]{4,}"), "the id of the training run"),
    "source-commit": (re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}"), "the whole commit that trained it"),
    "dataset-version": (re.compile(r"[0-9a-f]{32,64}(\.dir)?"), "the hash of the data, as DVC writes it"),
    "training-image": (re.compile(r"(.+@)?sha256:[0-9a-f]{64}"), "the digest of the image that trained it"),
}
"""Tags of a model, or annotations of an inference service, with what each has to be."""

TRAINED_FOR, SERVES = "training-purpose", "purpose"
FOLLOWED, REGISTERED, REGISTRY = "aliases", "model", "tracking-url"

PLACE = re.compile(r"s3://([^/]+)/(.+)")
HASHED = re.compile(r"(?<![0-9a-f])[0-9a-f]{32,64}(?![0-9a-f])")
"""A hash of the contents, in hexadecimal digits: MD5 to SHA-256."""


@control(
    "ML-10",
    title="Every served model can be traced to its data",
    kind="stack",
    severity="high",
    types=(MODEL, ENDPOINT, CONFIGURATION, INFERENCE, DEPLOYMENT, *BUCKET, *VERSIONING),
    subjects=(MODEL, ENDPOINT, INFERENCE),
    basis=("5(2)", "5(1)(b)", "17(1)", "30(1)"),
    refs=("prowler:sagemaker_models_registry_in_use", "prowler:AISF-ML-04", "legal:EDPB Opinion 28/2024"),
)
def models_can_be_traced(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A model carries run-id, source-commit, dataset-version, training-image and training-purpose as tags, an inference
    service as annotations, and its artifact lies in a versioned bucket of this stack under a key with a hash of its
    contents (a package of the registry carries its own). An inference service that follows aliases names model,
    aliases and a tracking server of this stack instead, where each version has its run, and training-purpose. What an
    endpoint or inference service answers for (purpose) is a training purpose of its models, or one of {compatible}.
    """
    if one.type == MODEL:
        tagged = _tagged(one, stack)
        artifacts = (_artifacts(one, path, stack) for path in ("primaryContainer", "containers"))
        yield from parts(_lineage(tagged, "tags", TRAINED_FOR, *LINEAGE), *artifacts)
    elif one.type == ENDPOINT:
        trained = [_purposes(_tagged(model, stack)(TRAINED_FOR)) for model in _behind(one, stack)]
        yield from _compatible(_tagged(one, stack)(SERVES), trained, "tags", given)
    else:
        yield from _service(one, stack, given)


def _service(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    def annotated(name: str) -> object:
        return said(one, name)

    path = "metadata.annotations"
    purposes = _compatible(annotated(SERVES), [_purposes(annotated(TRAINED_FOR))], path, given)
    uris = [f"spec.predictor.{place}" for place in ("model.storageUri", "storageUri")]
    stored = [_artifact(one, uri, stack) for uri in uris if present(one.props, uri)]
    followed = annotated(FOLLOWED) is not ABSENT and not stored
    lineage = _lineage(annotated, path, TRAINED_FOR, *(() if followed else LINEAGE))
    yield from parts(purposes, lineage, *stored, *([_registered(one, stack, given)] if followed else []))
    if not stored and not followed:
        fix = "set storageUri, or the annotations model, aliases and tracking-url"
        yield fail("spec.predictor", "nothing says where its model comes from", fix)


def _tagged(one: Resource, stack: Stack) -> Callable[[str], object]:
    """Reader of a resource's tags."""

    def read(name: str) -> object:
        try:
            return tag(one, stack, name) or ABSENT
        except UndeterminedError:
            return UNKNOWN

    return read


def _lineage(read: Callable[[str], object], path: str, *names: str) -> Iterator[Problem]:
    for name in names:
        value = read(name)
        form, meaning = LINEAGE.get(name, (re.compile(r".*\S.*"), "why its data may train it"))
        if value is UNKNOWN:
            yield undetermined(f"{path}.{name}")
        elif not isinstance(value, str) or not form.fullmatch(value):
            yield fail(f"{path}.{name}", "not set" if value is ABSENT else "not of its form", f"set {meaning}")


def _artifacts(model: Resource, path: str, stack: Stack) -> Iterator[Problem]:
    for where, _ in items(model.props, path):
        if present(model.props, f"{where}.modelPackageName"):
            continue
        inner = [place for place, _ in items(model.props, f"{where}.modelDataSource.s3DataSource")]
        yield from _artifact(model, f"{inner[0]}.s3Uri" if inner else f"{where}.modelDataUrl", stack)


def _artifact(one: Resource, path: str, stack: Stack) -> Iterator[Problem]:
    value = look(one.props, path)
    if value is UNKNOWN:
        yield undetermined(path)
        return
    match = PLACE.fullmatch(value) if isinstance(value, str) else None
    found = [bucket for bucket in stack.of(BUCKET) if match and look(bucket.props, "bucket") == match[1]]
    if not match or len(found) != 1:
        what = "not set" if value is ABSENT else "leads to no bucket of this stack"
        yield fail(path, what, "name a versioned bucket that this stack declares")
        return
    if not HASHED.search(match[2]):
        yield fail(path, "a key that says nothing of its contents", "put a hash of the artifact into the key")
    yield from _versioned(found[0], path, stack)


def _versioned(bucket: Resource, path: str, stack: Stack) -> Iterator[Problem]:
    status = [look(one.props, "versioningConfiguration.status") for one in stack.joined(bucket, VERSIONING, "bucket")]
    if "Enabled" in status:
        return
    if UNKNOWN in status or (not status and stack.ambiguous(bucket, VERSIONING, "bucket")):
        yield undetermined("BucketVersioning.versioningConfiguration.status")
    else:
        yield fail(path, f"the bucket {bucket.name} keeps no versions", "add a BucketVersioning with status Enabled")


def _registered(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    for name in (REGISTERED, FOLLOWED, REGISTRY):
        value = said(one, name)
        if value is UNKNOWN:
            yield undetermined(f"metadata.annotations.{name}")
        elif not isinstance(value, str) or not value.strip():
            yield fail(f"metadata.annotations.{name}", "not set", "name model, aliases and tracking server")
    wanted: Mapping[str, list[str]] = given.get("trackingLabels", {})
    servers = [found for found in stack.of([DEPLOYMENT]) if _bears(found, wanted)]
    if not servers:
        fix = "declare the tracking server, so that what it knows of a run is kept as long as the model"
        yield fail(f"metadata.annotations.{REGISTRY}", "no tracking server in this stack", fix)


def _bears(one: Resource, wanted: Mapping[str, list[str]]) -> bool:
    return any(pod_labels(one, pod).get(key) in wanted[key] for pod in pods(one) for key in wanted)


def _behind(endpoint: Resource, stack: Stack) -> list[Resource]:
    """Models that an endpoint serves, by dependency or by name."""
    name = look(endpoint.props, "endpointConfigName")
    configurations = [
        *stack.referents(endpoint, "endpointConfigName", [CONFIGURATION]),
        *(one for one in stack.of([CONFIGURATION]) if isinstance(name, str) and look(one.props, "name") == name),
    ]
    found = [model for one in configurations for model in stack.referents(one, "productionVariants", [MODEL])]
    for one in configurations:
        for where, _ in items(one.props, "productionVariants"):
            called = look(one.props, f"{where}.modelName")
            found += [m for m in stack.of([MODEL]) if isinstance(called, str) and look(m.props, "name") == called]
    return list({one.urn: one for one in found}.values())


def _purposes(value: object) -> object:
    return [one.strip() for one in value.split(",")] if isinstance(value, str) else value


def _compatible(purpose: object, trained: list[object], path: str, given: Parameters) -> Iterator[Problem]:
    if purpose is UNKNOWN or UNKNOWN in trained:
        yield undetermined(f"{path}.{SERVES}")
        return
    if not isinstance(purpose, str) or not purpose.strip():
        yield fail(f"{path}.{SERVES}", "not set, so nobody can say whether its data may serve it", "set what it is for")
        return
    allowed: Mapping[str, list[str]] = given.get("compatible", {})
    for known in trained:
        if isinstance(known, list) and not any(purpose == one or purpose in allowed.get(one, ()) for one in known):
            fix = "train it for this purpose, or record the test of Art. 6(4) under ML-10.compatible"
            yield fail(f"{path}.{SERVES}", "another purpose than that of its training data", fix)
