"""Whom a served model speaks to, and what it may read."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components.account import arn, bucket_arn, policy_document
from components.openings import NAMESPACE_NAME, SERVED_MODEL, dns, https, pod_identity, to_pods
from components.serving_pod import PORT
from components.tracking_place import LABELS as TRACKING
from components.tracking_place import PORT as TRACKING_PORT


def openings(
    *,
    endpoint: str,
    canary: bool,
    callers: Sequence[str],
    tracking: str,
    cidr: str,
    s3_cidrs: pulumi.Input[Sequence[str]],
) -> dict[str, dict[str, Any]]:
    """Specifications of the network policies of an endpoint, by name.

    In: the pods of its callers' namespaces. Out: its store, the registry in the namespace `tracking`, the agent that
    hands out credentials, names, and from the stable model to its canary; nothing beside these.
    """
    out = [dns(), pod_identity(), https(cidr, s3_cidrs), to_pods(tracking, TRACKING, TRACKING_PORT)]
    at_port = [{"port": PORT, "protocol": "TCP"}]
    called = [{"namespace_selector": {"match_labels": {NAMESPACE_NAME: team}}} for team in callers]
    stable = {"pod_selector": _pods(endpoint), "policy_types": ["Ingress", "Egress"]}
    if not canary:
        return {endpoint: {**stable, "ingress": _in(called), "egress": out}}
    beside = {"to": [{"pod_selector": _pods(f"{endpoint}-canary")}], "ports": at_port}
    return {
        endpoint: {**stable, "ingress": _in(called), "egress": [*out, beside]},
        f"{endpoint}-canary": {
            "pod_selector": _pods(f"{endpoint}-canary"),
            "policy_types": ["Ingress", "Egress"],
            "ingress": _in([{"pod_selector": _pods(endpoint)}]),
            "egress": out,
        },
    }


def serving_policy(*parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Policy of the role of an endpoint's pods: these statements, nothing else."""
    return policy_document(*(statement for part in parts for statement in part))


def reading(*, account: str, region: str, bucket: str, prefix: str, kms_aliases: Sequence[str]) -> list[dict[str, Any]]:
    """Leave to read the artifacts of an endpoint's models."""
    store = bucket_arn(region, bucket)
    return [
        {
            "Sid": "FindTheModel",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": store,
            "Condition": {"StringLike": {"s3:prefix": f"{prefix}/*"}},
        },
        {"Sid": "ReadTheModel", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{store}/{prefix}/*"},
        {
            "Sid": "OpenIt",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": arn("kms", region, account, "key/*"),
            "Condition": _under(kms_aliases),
        },
    ]


def keeping(*, account: str, region: str, place: str, kms_aliases: Sequence[str]) -> list[dict[str, Any]]:
    """Leave to put objects below `place`, which is `BUCKET/PREFIX`: none is read, listed or deleted."""
    bucket, _, prefix = place.partition("/")
    return [
        {
            "Sid": "KeepRequests",
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": f"{bucket_arn(region, bucket)}/{prefix.strip('/')}/*",
        },
        {
            # S3 asks for a data key on behalf of whoever puts an object (KMS developer guide, "Amazon S3").
            "Sid": "SealThem",
            "Effect": "Allow",
            "Action": "kms:GenerateDataKey",
            "Resource": arn("kms", region, account, "key/*"),
            "Condition": _under(kms_aliases),
        },
    ]


def _under(kms_aliases: Sequence[str]) -> dict[str, Any]:
    return {"ForAnyValue:StringEquals": {"kms:ResourceAliases": sorted(set(kms_aliases))}}


def _pods(endpoint: str) -> dict[str, Any]:
    return {"match_labels": {SERVED_MODEL: endpoint}}


def _in(peers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One rule; none where there are no peers, for an empty list of peers would let everybody in (NetworkPolicy v1)."""
    return [{"from_": peers, "ports": [{"port": PORT, "protocol": "TCP"}]}] if peers else []
