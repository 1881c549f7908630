"""The plan and the manifests that referees read, against the provider's own schema and against what a program gave."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

import engine
from policies.rule import UNKNOWN, Stack
from referees.manifests import UNREAD, manifests
from referees.plan import plan
from referees.shipped import shipped
from referees.terraform import shape, spelled, types, without_type
from tests.policies.cases import cases, resources

LIST, MAP, SET = 5, 6, 7
"""Types of a value in the provider's schema."""

LACKING = {
    "aws_eks_cluster defaultAddonsToRemoves",  # engine/aws/missing.txt
    # The SDK has one class for it and for the resource of that name, which has more.
    "aws_s3_bucket serverSideEncryptionConfiguration.rule.blockedEncryptionTypes",
}
"""Inputs that the SDK declares and the provider has not."""


@cache
def provider() -> Mapping[str, Any]:
    """What the AWS provider says of itself: Terraform's schema, and the tokens of its types."""
    found = engine.find()
    assert found, "no engine; run: .venv/bin/python -m engine"
    own = Path.home() / ".pulumi" / "plugins" / f"resource-aws-v{version('pulumi-aws')}"
    program = next((p for p in (*found.path, own) if (p / "pulumi-resource-aws").exists()), None)
    assert program, "no AWS provider; run: .venv/bin/python -m engine"
    with subprocess.Popen(
        [program / "pulumi-resource-aws", "127.0.0.1:1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout
            size = [("grpc.max_receive_message_length", -1)]
            with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}", options=size) as channel:
                grpc.channel_ready_future(channel).result(30)
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                return json.loads(stub.GetMapping(provider_pb2.GetMappingRequest(key="terraform")).data)
        finally:
            process.kill()


def test_every_aws_type_of_the_shipped_environments_has_the_name_that_the_provider_gives_it():
    theirs = {one["tok"]: name for name, one in provider()["resources"].items()}
    ours = {r.type for it in shipped().values() for r in it.stack.resources if r.type.startswith("aws:")}

    assert {token: types()[token] for token in ours} == {token: theirs[token] for token in ours}


def test_every_input_is_spelled_and_nested_as_the_provider_does():
    schemas = provider()["provider"]["resources"]
    found = {
        line
        for name, one in provider()["resources"].items()
        for line in differences(name, "", shape(one["tok"]), schemas[name])
    }

    assert found == {f"{one}: Terraform has it not" for one in LACKING}


def differences(type_: str, above: str, shape: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """Inputs whose spelling Terraform does not know, and blocks and lists that are none there."""
    for key, inner in shape.items():
        path = f"{above}{key}"
        name, where = spelled(type_, path, inner), f"{type_} {path}"
        if name not in schema:
            yield f"{where}: Terraform has it not"
            continue
        there = schema[name]
        nested = there.get("element", {}).get("resource", {})
        if isinstance(inner, dict) and name != "timeouts":
            if there["type"] not in (LIST, SET) or there.get("maxItems") != 1:
                yield f"{where}: {name} is no single block"
            yield from differences(type_, f"{path}.", inner, nested)
        elif isinstance(inner, list):
            if there["type"] not in (LIST, SET):
                yield f"{where}: {name} is no list"
            if isinstance(inner[0], dict):
                yield from differences(type_, f"{path}.", inner[0], nested)
        elif isinstance(inner, tuple) and there["type"] != MAP:
            yield f"{where}: {name} is no map"


def test_every_type_that_a_fixture_declares_has_a_name_or_is_said_to_have_none():
    declared = {one.type for case in cases() for one in case.resources if one.type.startswith("aws:")}

    assert declared - set(types()) - without_type() == set()
    for token in declared & set(types()):
        assert shape(token) is not None
    for token in without_type():
        with pytest.raises(LookupError, match="has no such type"):
            shape(token)


@pytest.mark.parametrize("environment", ["dev", "local", "prod", "staging"])
def test_each_aws_resource_of_an_environment_stands_in_the_plan_once(environment):
    stack = shipped()[environment].stack
    made = plan(stack)
    planned = [one["address"] for one in made.document["planned_values"]["root_module"]["resources"]]

    assert sorted(made.addresses.values()) == sorted(one.urn for one in stack.resources if one.type.startswith("aws:"))
    assert sorted(planned) == sorted(made.addresses)
    assert "UNKNOWN" not in json.dumps(made.document)


@pytest.mark.parametrize("environment", ["dev", "local", "prod", "staging"])
def test_each_object_of_an_environment_has_a_manifest_but_for_kinds_that_nobody_reads(environment):
    stack = shipped()[environment].stack
    wanted = [
        one.urn
        for one in stack.resources
        if one.type.startswith("kubernetes:") and one.type.rpartition(":")[2] not in UNREAD
    ]

    made = manifests(stack)
    assert sorted(made) == sorted(wanted)
    assert all({"apiVersion", "kind", "metadata"} <= set(one) for one in made.values())


def test_a_resource_is_planned_as_terraform_would_show_it():
    stack = Stack(
        resources(
            [
                {"type": "aws:kms/key:Key", "name": "key", "props": {"deletionWindowInDays": 30.0}},
                {
                    "type": "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
                    "name": "raw-encryption",
                    "from": {"rules": "key"},
                    "props": {
                        "bucket": "raw",
                        "rules": [
                            {
                                "bucketKeyEnabled": True,
                                "applyServerSideEncryptionByDefault": {
                                    "sseAlgorithm": "aws:kms",
                                    "kmsMasterKeyId": UNKNOWN,
                                },
                            }
                        ],
                    },
                },
            ],
            "prod",
        )
    )
    document = plan(stack).document
    key, encryption = document["planned_values"]["root_module"]["resources"]
    change = document["resource_changes"][1]["change"]
    said = document["configuration"]["root_module"]["resources"][1]["expressions"]

    assert (key["address"], key["values"]) == ("aws_kms_key.key", {"deletion_window_in_days": 30})
    assert type(key["values"]["deletion_window_in_days"]) is int
    assert encryption["address"] == "aws_s3_bucket_server_side_encryption_configuration.raw_encryption"
    assert encryption["values"] == {
        "bucket": "raw",
        "rule": [
            {"bucket_key_enabled": True, "apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}
        ],
    }
    unknown = change["after_unknown"]["rule"][0]["apply_server_side_encryption_by_default"][0]
    assert unknown == {"kms_master_key_id": True}
    default = said["rule"][0]["apply_server_side_encryption_by_default"][0]
    assert default["kms_master_key_id"] == {"references": ["aws_kms_key.key.arn", "aws_kms_key.key"]}


def test_names_that_differ_in_signs_only_have_addresses_of_their_own():
    keys = [{"type": "aws:kms/key:Key", "name": name} for name in ("a-b", "a_b")]

    assert sorted(plan(Stack(resources(keys, "prod"))).addresses) == ["aws_kms_key.a_b", "aws_kms_key.a_b_2"]


def test_a_manifest_is_what_would_be_applied_without_what_is_unknown():
    server = {
        "type": "kubernetes:apps/v1:Deployment",
        "name": "server",
        "props": {"metadata": {"namespace": "scoring"}, "spec": {"replicas": 2.0, "paused": UNKNOWN}},
    }
    place = {"type": "kubernetes:core/v1:Namespace", "name": "scoring"}
    made = manifests(Stack(resources([server, place], "prod")), prefix="s0-")

    assert list(made.values()) == [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "server", "namespace": "s0-scoring"},
            "spec": {"replicas": 2},
        },
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "s0-scoring"}},
    ]
