"""Images: what runs tomorrow is what was tried today."""

from collections.abc import Iterator

from policies.images import DIGEST, RUNNING, images
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    undetermined,
)


@control(
    "REG-04",
    title="Everything that runs is pinned by digest",
    kind="resource",
    severity="high",
    types=RUNNING,
    basis=("32(1)(b)", "5(2)"),
    refs=("CKV_K8S_43", "CKV_K8S_14", "trivy:KSV-0013", "kube-linter:latest-tag", "gatekeeper:K8sImageDigests",
          "inverse:CKV_K8S_15"),
)  # fmt: skip
def images_are_pinned(one: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """Every image of a pod, inference service, model, training job, function or task is NAME@sha256:DIGEST, with a tag
    before it or not; a tag alone means another image whenever somebody pushes one. A model server that names no image
    leaves it to a serving runtime, which fails too.
    """
    for found in images(one):
        if found.value is UNKNOWN:
            yield undetermined(found.path)
        elif found.value is ABSENT or found.value == "":
            yield fail(found.path, "not set, so something else decides what runs", "set NAME@sha256:DIGEST")
        elif not isinstance(found.value, str) or not DIGEST.fullmatch(found.value):
            yield fail(found.path, "no digest, so what runs may change", "set NAME@sha256:DIGEST")
