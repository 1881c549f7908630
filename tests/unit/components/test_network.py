import json
from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.cidr import subnet_plan
from components.network import Network
from tests.unit.components.instances import INSTANCES
from tests.unit.deploy import by_name, deploy

ARGS = next(i.args for i in INSTANCES if i.component is Network)
THREE = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]


def types(**changes) -> list[str]:
    return [r.type.split(":")[-1] for r in deploy(lambda: Network("net", replace(ARGS, **changes)))]


def test_each_zone_has_its_nat_gateway_where_that_is_asked():
    made = by_name(lambda: Network("net", replace(ARGS, egress="nat-per-zone", zones=THREE)))

    ways_out = {z: made[f"net-private-{z}-out"]["natGatewayId"] for z in THREE}
    assert ways_out == {z: f"net-nat-{z}-id" for z in THREE}
    assert all(made[f"net-nat-{z}"]["subnetId"] == f"net-public-{z}-id" for z in THREE)


def test_one_nat_gateway_serves_all_zones_where_that_is_asked():
    made = by_name(lambda: Network("net", replace(ARGS, egress="single-nat", zones=THREE)))

    assert {made[f"net-private-{z}-out"]["natGatewayId"] for z in THREE} == {"net-nat-eu-central-1a-id"}


def test_without_egress_nothing_leads_to_the_internet():
    assert not {"NatGateway", "InternetGateway", "Eip", "Route"} & set(types(egress="endpoints-only"))


def test_no_host_gets_a_public_address_by_itself():
    subnets = [r.inputs for r in deploy(lambda: Network("net", ARGS)) if r.type == "aws:ec2/subnet:Subnet"]

    assert len(subnets) == 4
    assert not any(s["mapPublicIpOnLaunch"] for s in subnets)


def test_the_default_security_group_lets_nothing_through():
    closed = by_name(lambda: Network("net", ARGS))["net-closed"]

    assert closed["vpcId"] == "net-vpc-id"
    assert not {"ingress", "egress"} & closed.keys()


def test_every_flow_is_recorded_under_the_callers_key():
    made = by_name(lambda: Network("net", ARGS))

    assert made["net-flow-log-flows"]["trafficType"] == "ALL"
    assert made["net-flow-log-group"]["kmsKeyId"] == ARGS.kms_key_arn
    assert made["net-flow-log-group"]["retentionInDays"] == 90


def test_endpoints_admit_https_from_the_vpc_alone():
    rule = by_name(lambda: Network("net", ARGS))["net-endpoints-https-in"]

    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == ("10.0.0.0/16", 443, 443, "tcp")


def test_endpoints_let_the_accounts_own_identities_pass_alone():
    made = by_name(lambda: Network("net", replace(ARGS, endpoint_services=["sts", "kms", "eks-auth"])))
    head = "net-endpoints-"
    policies = {k.removeprefix(head): v["policy"] for k, v in made.items() if k.startswith(head) and "policy" in v}

    ours = {"StringEquals": {"aws:PrincipalAccount": ARGS.account}}
    assert set(policies) == {"s3", "sts", "kms"}
    assert [one["Condition"] for one in json.loads(policies["kms"])["Statement"]] == [ours]
    assert json.loads(policies["sts"])["Statement"][1]["Condition"] == {
        "StringEquals": {"aws:ResourceAccount": ARGS.account}
    }


def test_objects_of_others_are_layers_of_images_and_read_only():
    made = by_name(lambda: Network("net", ARGS))
    own, images = json.loads(made["net-endpoints-s3"]["policy"])["Statement"]

    assert own["Condition"]["StringEquals"]["aws:ResourceAccount"] == ARGS.account
    assert images["Action"] == "s3:GetObject"
    assert "arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*" in images["Resource"]


@given(st.integers(16, 24), st.integers(1, 6))
def test_subnets_lie_in_the_network_and_never_overlap(bits, zones):
    whole = IPv4Network(f"10.64.0.0/{bits}")
    try:
        plan = subnet_plan(str(whole), zones)
    except ValueError:
        assert bits + zones.bit_length() + (zones - 1).bit_length() > 28
        return
    blocks = [IPv4Network(c) for c in plan.private + plan.public]
    assert len(blocks) == 2 * zones
    assert all(b.subnet_of(whole) and b.prefixlen <= 28 for b in blocks)
    assert not any(a.overlaps(b) for i, a in enumerate(blocks) for b in blocks[:i])


def test_a_third_zone_moves_no_subnet():
    two, three = subnet_plan("10.0.0.0/16", 2), subnet_plan("10.0.0.0/16", 3)

    assert three.private[:2] == two.private


def test_a_network_too_small_says_how_large_it_must_be():
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/25 is too small for 3 zones: allowed is /24 or larger"):
        subnet_plan("10.0.0.0/25", 3)
