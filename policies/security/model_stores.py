"""Feature stores and tracking servers: stores of data like any other."""

import re
from collections.abc import Iterator, Mapping

from policies.customer_keys import ALIAS, KEY, customer_key
from policies.namespaces import selects, space_of
from policies.pods import core, pod_labels, pods
from policies.reading import as_list
from policies.rule import (
    ABSENT,
    BUCKET,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    is_on,
    look,
    number,
    parts,
    present,
    skip,
    text,
    undetermined,
)
from policies.security.serving import INGRESS, SCHEMES
from policies.tags import CLASSES, tag

FEATURES = "aws:sagemaker/featureGroup:FeatureGroup"
TRACKING = "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer"
SERVERS = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")
SERVICE = core("Service")

ONLINE, OFFLINE = "onlineStoreConfig", "offlineStoreConfig.s3StorageConfig"
PLACE = re.compile(r"s3://([^/]+)(?:/.*)?")


@control(
    "ML-12",
    title="Feature and tracking stores follow the same rules",
    kind="stack",
    severity="medium",
    types=(FEATURES, TRACKING, *BUCKET, KEY, ALIAS, *SERVERS, *SERVICE, *INGRESS),
    subjects=(FEATURES, TRACKING, *SERVERS),
    basis=("5(1)(e)", "32(1)(a)"),
    refs=("design:own (no scanner covers it)",),
)
def stores_of_models_are_stores(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A feature group encrypts its online and its offline store with keys of this stack or of the register {keys}, lets
    online records end, which they do not by default, and keeps its offline store in a bucket of this stack that has a
    class. A tracking server of SageMaker writes artifacts to such a bucket. One in the cluster (pods with one of
    {trackingLabels}) has no ingress, no node port and no load balancer but an internal one, and writes artifacts, where
    it names a bucket, to such a one.
    """
    if one.type == FEATURES:
        yield from _features(one, stack, given.get("keys", ()))
    elif one.type == TRACKING:
        yield from _classed(one, "artifactStoreUri", look(one.props, "artifactStoreUri"), stack)
    elif not _tracks(one, given):
        yield skip("is no tracking server")
    else:
        yield from parts(_reached(one, stack), *_artifacts(one, stack))


def _features(group: Resource, stack: Stack, keys: tuple[str, ...]) -> Iterator[Problem]:
    both = [present(group.props, path) for path in (ONLINE, "offlineStoreConfig")]
    if not any(both):
        yield fail("", "neither an online nor an offline store", f"set {ONLINE} or offlineStoreConfig")
    # A configuration is there to say how, and the switch to say whether (API_OnlineStoreConfig).
    if both[0] and (is_on(switch := look(group.props, f"{ONLINE}.enableOnlineStore")) or switch is UNKNOWN):
        path = f"{ONLINE}.securityConfig.kmsKeyId"
        yield from parts(customer_key(group, path, stack, keys, "ML-12.keys"), _ends(group))
    if both[1]:
        place, key = f"{OFFLINE}.s3Uri", f"{OFFLINE}.kmsKeyId"
        value = look(group.props, place)
        encrypted = customer_key(group, key, stack, keys, "ML-12.keys")
        yield from parts(encrypted, _classed(group, place, value, stack))


def _ends(group: Resource) -> Iterator[Problem]:
    path = f"{ONLINE}.ttlDuration"
    if look(group.props, path) is ABSENT:
        yield fail(path, "not set, so online records stay for ever", "set unit and value")
        return
    value = number(group.props, f"{path}.value")
    if value is None or value < 1 or not text(group.props, f"{path}.unit"):
        yield fail(path, "no time", "set unit (Seconds to Weeks) and value")


def _classed(one: Resource, path: str, value: object, stack: Stack) -> Iterator[Problem]:
    """The bucket at a URI is of this stack, by dependency or by name, and has a class."""
    head = path.partition(".")[0]
    match = PLACE.fullmatch(value) if isinstance(value, str) else None
    named = [found for found in stack.of(BUCKET) if match and look(found.props, "bucket") == match[1]]
    behind = stack.referents(one, head, BUCKET)
    found = [bucket for bucket in named if bucket in behind] or named if match else list(behind)
    if len(found) > 1 or (not found and value is UNKNOWN):
        yield undetermined(path)
    elif not found:
        what = "not set" if value is ABSENT else "leads to no bucket of this stack"
        yield fail(path, what, "name a bucket that this stack declares, as s3://NAME/PREFIX")
    elif tag(found[0], stack, "data-class") not in CLASSES:
        yield fail(path, f"the bucket {found[0].name} has no class", "tag it with data-class")


def _tracks(one: Resource, given: Parameters) -> bool:
    wanted = given.get("trackingLabels", {})
    return any(labels.get(key) in wanted[key] for labels in _labels(one) for key in wanted)


def _labels(one: Resource) -> list[dict[str, object]]:
    return [dict(pod_labels(one, pod)) for pod in pods(one)]


def _reached(one: Resource, stack: Stack) -> Iterator[Problem]:
    """Problems of the services, and ingresses to them, that lead to the server's pods."""
    space = space_of(one, stack)
    for service in stack.of(SERVICE):
        where, selector = space_of(service, stack), look(service.props, "spec.selector")
        # Unlike elsewhere, a service without a selector means no pods (Kubernetes API, ServiceSpec).
        wanted = {"matchLabels": selector} if selector and selector is not ABSENT else False
        chosen = [selects(wanted, labels) for labels in _labels(one)]
        if (True not in chosen and None not in chosen) or (None not in (where, space) and where != space):
            continue
        if None in (where, space) or True not in chosen:
            yield undetermined("Service.spec.selector" if None in chosen else "Service.metadata.namespace")
            continue
        kind = text(service.props, "spec.type", "ClusterIP")
        inside = kind != "NodePort" and (kind != "LoadBalancer" or _internal(service))
        if inside is None:
            yield undetermined("Service.metadata.annotations")
        elif not inside:
            fix = "set ClusterIP, or a load balancer whose scheme is internal"
            yield fail("Service.spec.type", f"the service {service.name} lets in from outside the cluster", fix)
        for ingress in stack.of(INGRESS):
            if space_of(ingress, stack) not in (where, None):
                continue
            name, names = look(service.props, "metadata.name"), _backends(ingress)
            if name is not UNKNOWN and name in names:
                fix = "remove it: people reach the server through the cluster's API"
                yield fail("Ingress.spec.rules", f"the ingress {ingress.name} leads to it", fix)
            elif names and UNKNOWN in (name, *names):
                yield undetermined("Ingress.spec.rules")


def _internal(service: Resource) -> bool | None:
    """Whether an annotation makes its load balancer internal; None where that is unknown."""
    said = look(service.props, "metadata.annotations")
    if not isinstance(said, Mapping):
        return None if said is UNKNOWN else False
    answers = [selects({"matchLabels": {key: value}}, said) for key, value in SCHEMES.items()]
    return True if True in answers else None if None in answers else False


def _backends(ingress: Resource) -> list[object]:
    """Names of the services that an ingress leads to, `UNKNOWN` among them where one is."""
    ends = [look(ingress.props, "spec.defaultBackend"), look(ingress.props, "spec.backend")]
    for rule in as_list(look(ingress.props, "spec.rules")):
        ends += [look(path, "backend") for path in as_list(look(rule, "http.paths"))]
    # The older of the APIs names the service beside its port (Ingress v1beta1, IngressBackend).
    found = [look({"end": end}, f"end.{name}") for end in ends for name in ("service.name", "serviceName")]
    return [name for name in found if name is not ABSENT]


def _artifacts(one: Resource, stack: Stack) -> Iterator[Iterator[Problem]]:
    """Each place for artifacts that a command line names is a bucket of this stack with a class."""
    for pod in pods(one):
        for number_, container in enumerate(as_list(look(one.props, f"{pod.spec}.containers"))):
            for kind in ("command", "args"):
                for index, word in enumerate(as_list(look(container, kind))):
                    match = re.search(r"s3://[^\s\"',]+", word) if isinstance(word, str) else None
                    if match:
                        path = f"{pod.spec}.containers[{number_}].{kind}[{index}]"
                        yield _classed(one, path, match[0], stack)
