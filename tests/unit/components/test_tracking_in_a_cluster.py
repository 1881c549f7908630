"""What MLflow and ModelDB in a cluster promise."""

import json
from dataclasses import replace

import pytest

from components.modeldb import ModelDb
from components.modeldb_settings import GATE
from components.tracking import Mlflow
from components.tracking_place import HOSTS
from tests.unit.components.instance import BOUNDARY, OTHER_KEY
from tests.unit.components.instances import INSTANCES
from tests.unit.deploy import by_name, deploy

SERVERS = {i.component: i.args for i in INSTANCES if i.component in (Mlflow, ModelDb)}
MADE = {server: by_name(lambda s=server, a=args: s("tracking", a)) for server, args in SERVERS.items()}

both = pytest.mark.parametrize("server", SERVERS, ids=lambda s: s.__name__)


def pod(server: type, **changes) -> dict:
    made = by_name(lambda: server("tracking", replace(SERVERS[server], **changes))) if changes else MADE[server]
    return made["tracking-server"]["spec"]["template"]["spec"]


def containers(server: type) -> list[dict]:
    return [*pod(server)["initContainers"], *pod(server)["containers"]]


def policies(server: type) -> dict[str, dict]:
    return {r["metadata"]["name"]: r["spec"] for r in MADE[server].values() if r.get("kind") == "NetworkPolicy"}


@both
def test_both_back_ends_tell_the_same(server):
    told = {}

    def program():
        made = server("tracking", SERVERS[server])
        told.update(uri=made.tracking_uri, namespace=made.namespace, account=made.service_account)

    deploy(program)
    assert told == {"uri": "http://tracking.tracking.svc:5000", "namespace": "tracking", "account": "tracking"}
    assert set(server.__annotations__) == {"tracking_uri", "namespace", "service_account"}


@both
def test_the_database_has_no_password_in_any_manifest(server):
    text = json.dumps(MADE[server], default=str)
    assert "valueFrom" not in text
    for inputs in MADE[server].values():
        assert inputs.get("kind") != "Secret"
    (about,) = [c["command"][-1] for c in containers(server) if c["name"] == "credentials"]
    assert "password" not in about.lower().replace("passfile", "")


@both
def test_it_is_reached_inside_the_cluster_alone(server):
    services = [r for r in MADE[server].values() if r.get("kind") == "Service"]
    assert [s["spec"]["type"] for s in services] == ["ClusterIP"]
    assert not [r for r in MADE[server].values() if r.get("kind") in {"Ingress", "HTTPRoute"}]
    (port,) = services[0]["spec"]["ports"]
    assert port["port"] == port["targetPort"], "the VPC CNI judges by the service's port"
    listening = [p["containerPort"] for c in containers(server) for p in c.get("ports", [])]
    assert listening == [port["port"]]


@both
def test_workspaces_come_in_and_only_what_is_needed_goes_out(server):
    there = policies(server)
    assert there.keys() == {"default-deny", "names", "from-workspaces", "to-database", "aws", "api-server"}
    (way_in,) = there["from-workspaces"]["ingress"]
    (peer,) = way_in["from"]
    assert peer["namespaceSelector"]["matchExpressions"] == [{"key": "seedbed.dev/workspace", "operator": "Exists"}]
    assert [p["port"] for p in way_in["ports"]] == [5000]
    (to_database,) = there["to-database"]["egress"]
    assert [p["port"] for p in to_database["ports"]] == [5432]
    assert to_database["to"] == [{"ipBlock": {"cidr": "10.40.0.0/16"}}]


@both
def test_every_container_is_restricted_bounded_and_writes_to_volumes_alone(server):
    spec = pod(server)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for container in containers(server):
        secured = container["securityContext"]
        assert secured["readOnlyRootFilesystem"] is True, container["name"]
        assert secured["allowPrivilegeEscalation"] is False
        assert secured["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["requests"].keys() == container["resources"]["limits"].keys() == {"cpu", "memory"}
        assert "@sha256:" in container["image"]


@both
def test_the_password_is_there_before_the_server_and_in_memory(server):
    spec = pod(server)
    first = spec["initContainers"][0]
    assert (first["name"], first["restartPolicy"]) == ("credentials", "Always")
    assert first["startupProbe"]["exec"]["command"] == ["test", "-e", "/credentials/ready"]
    volumes = {v["name"]: v for v in spec["volumes"]}
    assert volumes["credentials"]["emptyDir"]["medium"] == "Memory"
    writers = [
        c["name"]
        for c in containers(server)
        for m in c.get("volumeMounts", [])
        if m["name"] == "credentials" and not m["readOnly"]
    ]
    assert writers == ["credentials"]


@both
def test_replicas_stand_in_different_zones_and_one_always_stays(server):
    deployment = MADE[server]["tracking-server"]["spec"]
    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    zones = next(c for c in pod(server)["topologySpreadConstraints"] if "zone" in c["topologyKey"])
    assert (zones["maxSkew"], zones["whenUnsatisfiable"]) == (1, "DoNotSchedule")
    budget = MADE[server]["tracking-budget"]["spec"]
    assert budget == {"maxUnavailable": 1, "selector": deployment["selector"]}


@both
def test_it_is_watched_from_start_to_end(server):
    served = [c for c in pod(server)["containers"] if "livenessProbe" in c]
    assert served
    assert all("readinessProbe" in c for c in served)
    assert [c for c in served if "startupProbe" in c], "a slow start is no death"


@both
def test_changed_programs_bring_new_pods(server, monkeypatch):
    def mark() -> str:
        made = by_name(lambda: server("tracking", SERVERS[server]))
        return made["tracking-server"]["spec"]["template"]["metadata"]["annotations"]["seedbed.dev/programs"]

    before = mark()
    assert mark() == before
    monkeypatch.setattr(f"components.{server.__module__.rpartition('.')[2]}.inspect.getsource", lambda module: "new")
    assert mark() != before


@both
def test_its_role_has_one_folder_and_the_secret_of_one_database(server):
    made = by_name(lambda: server("tracking", replace(SERVERS[server], permissions_boundary=BOUNDARY)))
    assert made["tracking-role"]["name"] == "seedbed-test-tracking"
    assert made["tracking-role"]["permissionsBoundary"] == BOUNDARY
    statements = {s["Sid"]: s for s in json.loads(made["tracking-policy"]["policy"])["Statement"]}
    assert statements["UseItsFolder"]["Resource"] == "arn:aws:s3:::seedbed-test-artifacts/tracking/*"
    assert statements["ReadThePassword"]["Condition"]["StringEquals"] == {
        "secretsmanager:ResourceTag/aws:rds:primaryDBInstanceArn": (
            "arn:aws:rds:eu-central-1:000000000000:db:seedbed-test-tracking"
        )
    }
    assert statements["UseTheKeys"]["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/one"]}}
    assert OTHER_KEY not in json.dumps(statements)


@both
def test_it_may_ask_the_cluster_whose_a_token_is(server):
    bound = MADE[server]["tracking-login"]
    assert bound["roleRef"]["name"] == "system:auth-delegator"
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": "tracking", "namespace": "tracking"}]
    assert json.loads(MADE[server]["tracking-teams"]["data"]["login.json"])["teams"] == ["scoring"]


def test_mlflow_asks_who_comes_and_answers_to_its_own_names():
    (server,) = pod(Mlflow)["containers"]
    options = server["command"]
    assert options[options.index("--app-name") + 1] == "basic-auth"
    assert options[options.index("--allowed-hosts") + 1] == ",".join(HOSTS)
    assert "tracking.tracking.svc:5000" in HOSTS
    assert not [host for host in HOSTS if "*" in host]


def test_mlflow_reads_the_password_from_a_file_for_each_connection():
    uri = pod(Mlflow)["containers"][0]["command"][5]
    assert uri == (
        "postgresql+psycopg://tracking@one.example.com:5432/tracking?passfile=/credentials/pgpass&sslmode=require"
    )
    assert uri in pod(Mlflow)["initContainers"][1]["command"], "the schema is made by the same way"
    checked = pod(Mlflow, database_authorities="-----BEGIN CERTIFICATE-----")["containers"][0]["command"][5]
    assert "sslmode=verify-full&sslrootcert=/programs/authorities.pem" in checked


def test_nobody_passes_modeldbs_gate_without_a_token():
    locations = GATE.split("location ")[1:]
    forwarded = [part for part in locations if "proxy_pass" in part and "internal;" not in part]
    assert len(forwarded) == 2
    assert all("auth_request /who;" in part for part in forwarded)


def test_modeldb_starts_anew_when_its_settings_are_newer_than_it():
    server = next(c for c in pod(ModelDb)["containers"] if c["name"] == "back-end")
    assert server["lifecycle"]["postStart"]["exec"]["command"] == ["touch", "/scratch/started"]
    assert "! /credentials/config.yaml -nt /scratch/started" in server["livenessProbe"]["exec"]["command"][2]
