"""What a team's workspace promises."""

import json
from dataclasses import replace

from components.openings import SERVED_MODEL
from components.workspace import Workspace
from tests.unit.components.instance import BOUNDARY
from tests.unit.components.instances import INSTANCES
from tests.unit.deploy import by_name, deploy

ARGS = next(i.args for i in INSTANCES if i.component is Workspace)
MADE = by_name(lambda: Workspace("team", ARGS))


def made(**changes) -> dict[str, dict]:
    return by_name(lambda: Workspace("team", replace(ARGS, **changes)))


def policies(resources: dict[str, dict]) -> dict[str, dict]:
    """Specifications of network policies by name."""
    return {r["metadata"]["name"]: r["spec"] for r in resources.values() if r.get("kind") == "NetworkPolicy"}


def blocks(spec: dict, port: int) -> list[str]:
    rules = [rule for rule in spec["egress"] if port in [p["port"] for p in rule["ports"]]]
    return [peer["ipBlock"]["cidr"] for rule in rules for peer in rule["to"] if "ipBlock" in peer]


def test_every_pod_is_restricted_by_the_standard_of_one_version():
    labels = MADE["team-namespace"]["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
        assert labels[f"pod-security.kubernetes.io/{mode}-version"] == "v1.34"


def test_nothing_goes_in_or_out_but_what_is_named():
    there = policies(MADE)
    assert there["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert there.keys() == {"default-deny", "names", "own-namespace", "aws", "tracking"}
    for name, spec in there.items():
        for rule in [*spec.get("egress", []), *spec.get("ingress", [])]:
            peers = rule.get("to") or rule.get("from")
            assert peers, f"{name}: a rule without peers opens every address"
            assert {} not in peers, f"{name}: an empty peer is everybody"


def test_only_the_team_itself_reaches_its_pods():
    incoming = [spec["ingress"] for spec in policies(MADE).values() if "ingress" in spec]
    assert incoming == [[{"from": [{"podSelector": {}}]}]]


def test_names_are_found_with_coredns_in_pods_and_on_each_node():
    (rule,) = policies(MADE)["names"]["egress"]
    assert blocks({"egress": [rule]}, 53) == ["10.100.0.10/32", "172.20.0.10/32"]
    assert {p["protocol"] for p in rule["ports"]} == {"UDP", "TCP"}


def test_aws_is_reached_by_its_blocks_and_identity_by_its_agent():
    spec = policies(MADE)["aws"]
    assert blocks(spec, 443) == ["10.40.0.0/16", "3.5.134.0/23"]
    assert blocks(spec, 80) == ["169.254.170.23/32"]


def test_without_a_gateway_endpoint_s3_is_reached_inside_the_vpc_and_not_everywhere():
    assert blocks(policies(made(s3_cidrs=[]))["aws"], 443) == ["10.40.0.0/16"]


def test_a_served_model_has_none_of_the_teams_openings():
    there = policies(made(calls={"prices": "fraud"}))
    for name in there.keys() - {"default-deny", "names"}:
        selector = {"matchExpressions": [{"key": SERVED_MODEL, "operator": "DoesNotExist"}]}
        assert there[name]["podSelector"] == selector
    (rule,) = there["endpoints"]["egress"]
    assert rule["to"][0]["podSelector"]["matchLabels"] == {SERVED_MODEL: "prices"}
    assert rule["to"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "fraud"}


def test_the_tracking_server_is_reached_where_there_is_one():
    (rule,) = policies(MADE)["tracking"]["egress"]
    assert [p["port"] for p in rule["ports"]] == [5000]
    assert "tracking" not in policies(made(tracking=None))


def test_quotas_bound_every_kind_of_gpu_and_what_is_seen_from_outside():
    hard = made(gpus={"nvidia.com/gpu": 10, "nvidia.com/mig-3g.20gb": 0})["team-quota"]["spec"]["hard"]
    assert hard["requests.nvidia.com/gpu"] == "10"
    assert hard["requests.nvidia.com/mig-3g.20gb"] == "0"
    assert (hard["services.loadbalancers"], hard["services.nodeports"]) == ("0", "0")
    assert (hard["requests.cpu"], hard["requests.memory"], hard["pods"]) == ("32", "128Gi", "200")


def test_a_container_that_asks_for_nothing_gets_what_the_quota_wants():
    (limit,) = MADE["team-limits"]["spec"]["limits"]
    assert limit["type"] == "Container"
    assert limit["default"].keys() == limit["defaultRequest"].keys() == {"cpu", "memory"}


def test_the_teams_group_and_its_members_edit_and_see_their_queue():
    there = made(members=["interns", "scoring"])
    for role in ("edit", "kueue-batch-user-role"):
        bound = there[f"team-{role}"]
        assert bound["roleRef"]["kind"] == "ClusterRole"
        assert bound["roleRef"]["name"] == role
        assert [s["name"] for s in bound["subjects"]] == ["scoring", "interns"]
        assert bound["metadata"]["namespace"] == "scoring"


def test_its_pods_may_use_the_teams_data_and_nothing_else():
    there = made(policy_arns={"a": "arn:one", "b": "arn:two"}, permissions_boundary=BOUNDARY)
    role = there["team-role"]
    assert role["name"] == "seedbed-test-team-scoring"
    assert role["permissionsBoundary"] == BOUNDARY
    assert {there["team-a"]["policyArn"], there["team-b"]["policyArn"]} == {"arn:one", "arn:two"}
    assert not [r for r in there.values() if "policy" in r], "no policy of its own"
    association = there["team-association"]
    assert (association["namespace"], association["serviceAccount"]) == ("scoring", "team")
    trust = json.loads(role["assumeRolePolicy"])["Statement"][0]
    assert trust["Condition"]["ArnEquals"]["aws:SourceArn"].endswith("cluster/seedbed-test")


def test_a_pod_cannot_start_before_its_identity_is_there():
    there = {r.name: r for r in deploy(lambda: Workspace("team", ARGS))}
    waits = {urn.rpartition("::")[2] for urn in there["team-account"].depends_on}
    assert {"team-association", "team-applications", "team-namespace"} <= waits
    assert there["team-account"].inputs["automountServiceAccountToken"] is False


def test_all_that_is_in_the_namespace_waits_for_it():
    there = {r.name: r for r in deploy(lambda: Workspace("team", ARGS))}
    for resource in there.values():
        if resource.inputs.get("metadata", {}).get("namespace"):
            assert "team-namespace" in {urn.rpartition("::")[2] for urn in resource.depends_on}, resource.name


def test_jobs_wait_in_the_teams_queue():
    assert MADE["team-queue"]["kind"] == "LocalQueue"
    assert MADE["team-queue"]["metadata"] == {"name": "main", "namespace": "scoring"}
    assert MADE["team-queue"]["spec"] == {"clusterQueue": "scoring"}


def test_every_guard_holds_in_this_namespace_and_denies():
    there = made(team="fraud")
    guards = [r for r in there.values() if r.get("kind") == "ValidatingAdmissionPolicy"]
    bindings = [r["spec"] for r in there.values() if r.get("kind") == "ValidatingAdmissionPolicyBinding"]
    assert {g["metadata"]["name"] for g in guards} == {b["policyName"] for b in bindings}
    for spec in bindings:
        selector = spec["matchResources"]["namespaceSelector"]["matchLabels"]
        assert selector == {"kubernetes.io/metadata.name": "fraud"}
        assert spec["validationActions"] == ["Deny"]
    assert {g["spec"]["failurePolicy"] for g in guards} == {"Fail"}


def test_the_team_cannot_open_its_own_network():
    rule = made(members=["interns"])["team-guard-openings"]["spec"]
    assert rule["matchConstraints"]["resourceRules"][0]["operations"] == ["CREATE", "UPDATE", "DELETE"]
    for group in ("scoring", "interns", "system:serviceaccounts:scoring"):
        assert json.dumps(group) in rule["validations"][0]["expression"]
