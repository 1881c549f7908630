"""Inference traffic that is written down: personal data like any other."""

import re
from collections.abc import Iterator

from policies.customer_keys import KEY, own_key
from policies.retention import CURRENT, LIFECYCLE, NONCURRENT, lifecycles, shortest
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
    is_off,
    is_on,
    items,
    literal,
    look,
    number,
    parts,
    present,
    skip,
    undetermined,
)
from policies.stores import VERSIONING
from policies.tags import PERSONAL, tag

CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
INFERENCE = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)
CAPTURE = "dataCaptureConfig"
PROGRAM = "lifecycle.capture_requests"
"""Keeps requests of an inference service in its pods."""

PARTS = ("predictor", "transformer", "explainer")
"""Components of an inference service, each of which may log what it is asked."""


@control(
    "ML-08",
    title="Captured inference traffic is treated as personal data",
    kind="stack",
    severity="high",
    types=(CONFIGURATION, INFERENCE, *BUCKET, *LIFECYCLE, *ENCRYPTION, *VERSIONING, KEY),
    subjects=(CONFIGURATION, INFERENCE),
    basis=("5(1)(c)", "5(1)(e)", "32(1)(a)"),
    refs=("prowler:bedrock_model_invocation_logs_encryption_enabled",
          "inverse:prowler:sagemaker_models_monitor_enabled"),
)  # fmt: skip
def captured_traffic_is_personal(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Where an endpoint captures, or an inference service logs, what it is asked, that goes to a bucket of this stack
    of class personal or special with a customer key, is gone after {days} days, old versions included, is no more than
    {percent} percent of the traffic (a logger of KServe takes all of it), and the capture names a customer key.
    """
    if one.type == INFERENCE:
        loggers = [f"spec.{part}.logger" for part in PARTS if present(one.props, f"spec.{part}.logger")]
        yield from parts(
            *(_logger(one, path, stack, given) for path in loggers),
            *(_kept(one, f"spec.{part}", stack, given) for part in PARTS),
            () if loggers else _silent(one),
        )
        return
    switch = look(one.props, f"{CAPTURE}.enableCapture")
    if not present(one.props, CAPTURE) or is_off(switch) or switch is ABSENT:
        yield skip("captures nothing")
        return
    if switch is UNKNOWN:
        yield undetermined(f"{CAPTURE}.enableCapture")
    place = f"{CAPTURE}.destinationS3Uri"
    yield from parts(_sampling(one, given), _key(one), _destination(one, place, stack, given))


def _sampling(
    one: Resource, given: Parameters, path: str = f"{CAPTURE}.initialSamplingPercentage"
) -> Iterator[Problem]:
    most = given.get("percent", 100)
    share = number(one.props, path)
    if share is None or share > most:
        yield fail(path, "more of the traffic than allowed, or no number", f"set {most} percent or less")


def _key(one: Resource) -> Iterator[Problem]:
    path = f"{CAPTURE}.kmsKeyId"
    if not own_key(one.props, path):
        yield fail(path, "no key of its own, so SageMaker writes with a key of AWS", "set the ARN of the bucket's key")


def _logger(one: Resource, path: str, stack: Stack, given: Parameters) -> Iterator[Problem]:
    most = given.get("percent", 100)
    if most < 100:
        fix = f"keep {most} percent or less by lifecycle.capture_requests"
        yield fail(path, "a logger keeps every request, for it takes no sample", fix)
    for place in (f"{path}.storage.path", f"{path}.url"):
        if present(one.props, place):
            yield from _destination(one, place, stack, given)
            return
    yield fail(f"{path}.storage.path", "not set, so requests go to the broker of the namespace", "name a bucket: s3://")


def _silent(one: Resource) -> Iterator[Problem]:
    if not any(True for part in PARTS for _ in _keepers(one, f"spec.{part}")):
        yield skip("logs no requests")


def _kept(one: Resource, part: str, stack: Stack, given: Parameters) -> Iterator[Problem]:
    yield from parts(*(_keeper(one, path, stack, given) for path in _keepers(one, part)))


def _keepers(one: Resource, part: str) -> Iterator[str]:
    """Paths of the commands that keep requests beside a server."""
    for kind in ("initContainers", "containers"):
        for place, _ in items(one.props, f"{part}.{kind}"):
            words = [word for _, word in items(one.props, f"{place}.command")]
            if PROGRAM in words:
                yield f"{place}.command[{words.index(PROGRAM)}]"


def _keeper(one: Resource, path: str, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """The program's arguments: its port, the server's, percent of the requests, and where they go."""
    command, _, at = path.rpartition("[")
    percent, place = (f"{command}[{int(at.rstrip(']')) + behind}]" for behind in (3, 4))
    yield from parts(_sampling(one, given, percent), _destination(one, place, stack, given))


def _destination(one: Resource, path: str, stack: Stack, given: Parameters) -> Iterator[Problem]:
    value = look(one.props, path)
    match = re.match(r"s3://([^/]+)", value) if isinstance(value, str) else None
    found = list(stack.referents(one, path.partition(".")[0], BUCKET))
    if isinstance(value, str):
        named = [bucket for bucket in stack.of(BUCKET) if match and look(bucket.props, "bucket") == match[1]]
        behind = {bucket.urn for bucket in found}
        found = named if len(named) < 2 else [bucket for bucket in named if bucket.urn in behind] or named
    if len(found) > 1 or (not found and value is UNKNOWN):
        yield undetermined(path)
    elif not found:
        yield fail(path, "leads to no bucket of this stack", "capture into a bucket that this stack declares")
    else:
        (bucket,) = found
        yield from parts(_classed(bucket, stack), _encrypted(bucket, stack), _forgotten(bucket, stack, given))


def _classed(bucket: Resource, stack: Stack) -> Iterator[Problem]:
    if tag(bucket, stack, "data-class") not in PERSONAL:
        yield fail("Bucket.tags.data-class", f"the bucket {bucket.name} is not classed personal", "set personal")


def _encrypted(bucket: Resource, stack: Stack) -> Iterator[Problem]:
    fix = "encrypt the bucket with aws:kms and a customer key"
    holders = stack.joined(bucket, ENCRYPTION, "bucket")
    if not holders and stack.ambiguous(bucket, ENCRYPTION, "bucket"):
        yield undetermined("BucketServerSideEncryptionConfiguration.bucket")
        return
    places = [(one, where) for one in holders for where, _ in items(one.props, "rules")]
    defaults = [(one, f"{where}.applyServerSideEncryptionByDefault.kmsMasterKeyId") for one, where in places]
    if not any(own_key(one.props, path) for one, path in defaults):
        yield fail("Bucket.serverSideEncryption", f"the bucket {bucket.name} has no customer key", fix)


def _forgotten(bucket: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    most, path = given.get("days", 90), "Bucket.lifecycle"
    days = _days(bucket, stack)
    if days is None:
        yield fail(
            path, f"the bucket {bucket.name} keeps captures for ever", f"expire objects after {most} days or less"
        )
    elif days > most:
        found = f"the bucket {bucket.name} keeps captures longer than allowed"
        yield fail(path, found, f"let current and old versions together end after {most} days or less")


def _days(bucket: Resource, stack: Stack) -> float | None:
    """Days after which nothing of an object is left: an expired version becomes an old one first."""
    holders = lifecycles(bucket, stack)
    current, old = shortest(holders, CURRENT), shortest(holders, NONCURRENT)
    if current is None or (old is None and _versioned(bucket, stack)):
        return None
    return current[0] + (old[0] if old else 0)


def _versioned(bucket: Resource, stack: Stack) -> bool:
    """Whether old versions may be there: those of a suspended versioning stay."""
    holders = stack.joined(bucket, VERSIONING, "bucket")
    if any(literal(one.props, "versioningConfiguration.status") in ("Enabled", "Suspended") for one in holders):
        return True
    if stack.ambiguous(bucket, VERSIONING, "bucket"):
        raise UndeterminedError("BucketVersioning.bucket")
    return is_on(literal(bucket.props, "versioning.enabled"))
