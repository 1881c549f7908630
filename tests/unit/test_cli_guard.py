"""What no `up` and no `down` takes unless it is told to: stores, keys, databases, clusters, and what is protected."""

import io
import shlex
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from rich.console import Console

from seedbed import guard, operations, recovery, stakes, summary
from seedbed.engine_run import STATEFUL, Change, Diagnostic, EngineRun
from seedbed.failures import RefusedError, WrongInputError
from seedbed.operations import EngineRefusedError
from seedbed.stakes import GUARDED, Stake
from seedbed.steps import Steps
from seedbed.workspace import Workspace
from tests.unit.clone import clone, engine_of

HEAD = "urn:pulumi:local::seedbed::"
URNS = {
    "bucket": f"{HEAD}seedbed:storage:DatasetStore$aws:s3/bucket:Bucket::applications-bucket",
    "image repository": f"{HEAD}aws:ecr/repository:Repository::serving",
    "key": f"{HEAD}seedbed:keys:KeyRing$aws:kms/key:Key::keys-internal",
    "database": f"{HEAD}seedbed:database:Database$aws:rds/instance:Instance::database-instance",
    "cluster": f"{HEAD}seedbed:cluster:Cluster$aws:eks/cluster:Cluster::cluster-control-plane",
    "namespace": f"{HEAD}seedbed:workspace:Workspace$kubernetes:core/v1:Namespace::scoring-namespace",
    "disk": f"{HEAD}kubernetes:core/v1:PersistentVolumeClaim::modeldb-data",
    "kind": f"{HEAD}seedbed:chart:Chart$kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition::kueue-crd",
}
VPC = f"{HEAD}seedbed:network:Network$aws:ec2/vpc:Vpc::network-vpc"
EMPTIED = ("bucket", "image repository")


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    checkout = clone(tmp_path / "clone")
    known = {"resources": [{"urn": urn, "type": "", "custom": True} for urn in URNS.values()]}
    monkeypatch.setattr(operations, "recover", lambda *_: known)
    monkeypatch.setattr(operations, "Account", lambda *_: "the account")
    folder = tmp_path / "kept"
    engine = engine_of('echo "$*" >> "$0.asked"', tmp_path / "bin")
    return Workspace(checkout, checkout.settings("local"), engine, None, folder / "project", folder / "state")


@pytest.fixture
def up(workspace, monkeypatch):
    """Brings up what a preview plans; gives what ran, of things that are said to hold `holds`."""

    def run(*changes, allowed=(), holds="3 things", in_the_way=False):
        planned, ran = EngineRun(changes={change.urn: change for change in changes}), []
        monkeypatch.setattr(operations, "preview", lambda *_, **__: planned)
        monkeypatch.setattr(operations, "_run", lambda *_, **__: ran.append(planned))
        monkeypatch.setattr(stakes, "GUARDED", dict.fromkeys(GUARDED, lambda *_: (holds, in_the_way)))
        operations.up(workspace, Steps(Console(quiet=True)), lambda _: True, lambda *_: None, allowed=allowed)
        return ran

    return run


def going(what, op="replace"):
    return Change(URNS[what], op, 0.0, id="old", because=("name",))


@pytest.mark.parametrize("what", URNS)
@pytest.mark.parametrize("op", ["delete", "replace"])
def test_an_up_that_would_take_something_guarded_is_refused_before_anything_runs(up, workspace, what, op):
    with pytest.raises(RefusedError) as refused:
        up(going(what, op))
    assert refused.value.code == 1
    assert "local: nothing was changed, because these would be deleted or replaced:" in refused.value.message
    assert "because of name, 3 things" in refused.value.message
    assert URNS[what] in refused.value.message
    assert str(workspace.checkout.file("local")) in refused.value.do
    # A URN has a $ in it, which a shell would take for a variable.
    assert f"seedbed up local --allow-replace {shlex.quote(URNS[what])}" in refused.value.do


@pytest.mark.parametrize("what", URNS)
def test_what_is_named_may_go(up, what):
    assert len(up(going(what), allowed=[URNS[what]])) == 1


def test_one_name_opens_the_way_for_one_thing_alone(up):
    with pytest.raises(RefusedError) as refused:
        up(going("key"), going("database"), allowed=[URNS["key"]])
    assert URNS["database"] in refused.value.message
    assert URNS["key"] not in refused.value.message
    assert URNS["key"] in refused.value.do, "the command to run next keeps what was named before"


@pytest.mark.parametrize("what", EMPTIED)
def test_what_aws_would_keep_is_refused_even_if_it_is_named(up, what):
    with pytest.raises(RefusedError) as refused:
        up(going(what), allowed=[URNS[what]], in_the_way=True)
    assert "may go, but AWS will not delete them while they hold something" in refused.value.message
    assert "Empty them, then run the same command again" in refused.value.do


def test_a_urn_that_is_not_there_is_wrong_input_and_the_nearest_is_named(up):
    cut = URNS["database"].replace("$aws:rds/instance:Instance", "")
    with pytest.raises(WrongInputError) as wrong:
        up(going("database"), allowed=[cut])
    assert wrong.value.code == 2
    assert "local has no such resource" in wrong.value.message
    assert URNS["database"] in wrong.value.message
    assert "single quotes" in wrong.value.do


def test_a_name_in_the_place_of_a_urn_is_led_to_its_urn(up):
    with pytest.raises(WrongInputError, match=r"Nearest: urn:pulumi:local::seedbed::.*::keys-internal"):
        up(allowed=["keys-internal"])


def test_an_up_that_takes_nothing_guarded_asks_no_account(up, monkeypatch):
    monkeypatch.setattr(operations, "Account", lambda *_: pytest.fail("asked"))
    assert len(up(Change(URNS["bucket"], "update", 0.0, id="old"), Change(VPC, "delete", 0.0, id="vpc-1"))) == 1


def test_an_account_that_does_not_answer_is_no_consent():
    def closed() -> Any:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    (stake,) = stakes.look(closed, [going("bucket")])
    assert "old: unknown, Could not connect" in stake.holds
    assert stake.in_the_way


def test_everything_guarded_is_said_to_be_lost():
    assert set(GUARDED) <= set(STATEFUL)


def shown(run, *held):
    file = io.StringIO()
    summary.show_changes(Console(file=file, width=400, color_system=None), run, held)
    return file.getvalue().splitlines()


def test_a_preview_shows_first_what_would_be_lost_and_how_to_allow_it():
    change = going("database")
    run = EngineRun(changes={c.urn: c for c in (Change(f"{HEAD}aws:s3/bucket:Bucket::new", "create", 0.0), change)})
    lines = shown(run, Stake(change, "database seedbed-local-tracking: 20 GiB"))
    assert lines[0].startswith("WOULD BE REPLACED because of name: database-instance (rds Instance); lost: every row")
    assert "database seedbed-local-tracking: 20 GiB" in lines[1]
    assert f"--allow-replace {shlex.quote(change.urn)}" in lines[1]
    assert lines[2].split()[:2] == ["create", "new"]


def protected(*names):
    resources: list[dict[str, Any]] = [{"urn": urn, "custom": True} for urn in URNS.values()]
    return {"resources": [{**r, "protect": True} if r["urn"] in map(URNS.get, names) else r for r in resources]}


def test_a_down_of_what_is_protected_is_refused_before_anything_is_asked_or_destroyed(workspace, monkeypatch):
    monkeypatch.setattr(operations, "recover", lambda *_: protected("database", "bucket"))
    monkeypatch.setattr(operations, "Account", lambda *_: pytest.fail("asked"))
    with pytest.raises(RefusedError) as refused:
        operations.down(workspace, Steps(Console(quiet=True)), lambda _: True, delete_data=True)
    assert refused.value.code == 1
    assert "local: nothing was destroyed, because 2 resources are protected:" in refused.value.message
    assert "database-instance (rds Instance)" in refused.value.message
    assert "`protect: false`" in refused.value.do
    assert "seedbed up local" in refused.value.do
    assert "seedbed down local" in refused.value.do


def test_an_environment_without_protection_is_not_kept_from_going(workspace):
    guard.refuse_down(workspace, protected())


@pytest.mark.parametrize(
    "words",
    [
        'Preview failed: resource "{urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, ...',
        'unable to replace resource "{urn}"\nas it is currently marked for protection. To unprotect the resource, ...',
        'unable to replace resource "{urn}" as part of replacing "urn:other" as it is currently marked for protection.',
    ],
)
def test_a_preview_that_would_take_what_is_protected_says_how_to_lift_it(workspace, monkeypatch, words):
    urn = URNS["database"]

    def engine(*_: object, **__: object) -> None:
        run = EngineRun(diagnostics=[Diagnostic("error", urn, words.format(urn=urn)), Diagnostic("error", "", "x")])
        raise EngineRefusedError("local: the engine says no", run, "")

    monkeypatch.setattr(operations, "_run", engine)
    known = {"resources": [{"urn": urn, "custom": True, "id": "db-ABC"}]}
    monkeypatch.setattr(recovery, "deployment_of", lambda _: known)
    with pytest.raises(EngineRefusedError) as refused, Steps(Console(quiet=True)).step("preview") as step:
        operations.preview(workspace, step)
    assert "nothing was changed, because these would be deleted or replaced and are protected:" in refused.value.message
    assert "database-instance (rds Instance) db-ABC" in refused.value.message
    assert "`protect: false`" in refused.value.do
    # The engine's own advice would leave the service's protection on; what else it said stays.
    assert [d.message for d in refused.value.run.diagnostics] == ["x"]


def answering(answer: Any) -> Any:
    return lambda **_: answer


class Told:
    """An account that answers by heart."""

    def __init__(self, clients, pages):
        self.clients, self.listed = clients, pages

    prefix = "seedbed-local"

    def client(self, service):
        return self.clients[service]

    def pages(self, _service, operation, _result, **_):
        return iter(self.listed.get(operation, []))


def test_a_cluster_is_said_by_its_version_and_its_nodes():
    eks = SimpleNamespace(describe_cluster=answering({"cluster": {"version": "1.34"}}))
    account: Any = Told({"eks": eks}, {"list_nodegroups": ["system", "more"]})
    assert GUARDED["aws:eks/cluster:Cluster"](account, "seedbed-local") == (
        "cluster seedbed-local: Kubernetes 1.34, node groups system, more, everything that runs in it",
        False,
    )
    auto = {"cluster": {"version": "1.34", "computeConfig": {"enabled": True}}}
    other: Any = Told({"eks": SimpleNamespace(describe_cluster=answering(auto))}, {})
    assert "nodes of EKS Auto Mode" in GUARDED["aws:eks/cluster:Cluster"](other, "seedbed-local")[0]


def test_a_database_is_known_by_either_of_its_ids():
    about = {"DBInstanceIdentifier": "seedbed-local-tracking", "DbiResourceId": "db-ABC", "AllocatedStorage": 20,
             "DBInstanceStatus": "available", "Engine": "postgres", "EngineVersion": "16.4"}  # fmt: skip
    account: Any = Told({}, {"describe_db_instances": [about]})
    look = GUARDED["aws:rds/instance:Instance"]
    assert look(account, "db-ABC") == look(account, "seedbed-local-tracking")
    assert look(account, "db-ABC")[0].startswith(
        "database seedbed-local-tracking: postgres 16.4, 20 GiB, no backup yet"
    )
    assert look(account, "db-NONE") == ("database db-NONE: not there any more", False)
