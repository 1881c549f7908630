"""What a killed run leaves, and how the next one puts it in order."""

import json
import os
import socket
import subprocess
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from rich.console import Console

from seedbed import pending, recovery
from seedbed.failures import RefusedError
from seedbed.mending import Mending, examine, mend
from seedbed.recovery import recover
from seedbed.steps import Steps
from seedbed.workspace import Workspace, state_file
from tests.unit.clone import clone, engine_of

HEAD = "urn:pulumi:local::seedbed::seedbed:network:Network"
VPC = f"{HEAD}$aws:ec2/vpc:Vpc::network-vpc"
SUBNET = f"{HEAD}$aws:ec2/subnet:Subnet::network-a"
POLICY = f"{HEAD}$aws:s3/bucketPolicy:BucketPolicy::data-policy"
STRANGE = f"{HEAD}$aws:new/thing:Thing::strange"


def resource(urn, id_="", custom=True, **more):
    return {"urn": urn, "type": urn.split("::")[2].rpartition("$")[2], "id": id_, "custom": custom, **more}


def cut(urn, doing="creating", **more):
    return {"type": doing, "resource": {k: v for k, v in resource(urn, **more).items() if k != "id"}}


ACCOUNT: Any = SimpleNamespace(settings=SimpleNamespace(account="000000000000"))


@pytest.fixture
def there(monkeypatch):
    """Makes the account answer with the given id by type."""

    def answer(**ids):
        def find(_account, type_, _inputs, recorded):
            if "Thing" in type_:
                raise pending.UnknownTypeError(type_)
            found = ids.get(type_.rpartition(":")[2])
            return found if found not in recorded else None

        monkeypatch.setattr(pending, "find", find)

    return answer


def test_a_creation_that_made_something_is_taken_over_and_one_that_did_not_is_done_again(there):
    there(Vpc="vpc-1")
    mending = examine({"resources": [], "pending_operations": [cut(VPC), cut(SUBNET)]}, ACCOUNT)
    assert mending == Mending(adopted={VPC: "vpc-1"}, struck=[SUBNET])
    assert mending.lines() == [
        "network-vpc (ec2 Vpc) was made: vpc-1 is taken over",
        "network-a (ec2 Subnet) was not finished: it is done again",
    ]


def test_what_the_state_knows_already_is_not_taken_for_what_was_being_made(there):
    there(Vpc="vpc-1")
    known = resource(VPC.replace("network-vpc", "other"), "vpc-1")
    assert examine({"resources": [known], "pending_operations": [cut(VPC)]}, ACCOUNT).struck == [VPC]


def test_a_thing_of_another_kind_with_the_same_name_is_not_taken_for_what_the_state_knows(there):
    there(Instance="seedbed-local-tracking")
    instance = f"{HEAD}$aws:rds/instance:Instance::database-instance"
    group = resource(f"{HEAD}$aws:rds/subnetGroup:SubnetGroup::database-subnets", "seedbed-local-tracking")
    mending = examine({"resources": [group], "pending_operations": [cut(instance)]}, ACCOUNT)
    assert mending.adopted == {instance: "seedbed-local-tracking"}


def test_two_creations_alike_are_never_led_to_the_same_thing(there):
    there(Vpc="vpc-1")
    other = VPC.replace("network-vpc", "second")
    mending = examine({"pending_operations": [cut(VPC), cut(other)]}, ACCOUNT)
    assert (mending.adopted, mending.struck) == ({VPC: "vpc-1"}, [other])


def test_a_put_is_done_again_without_a_look_at_the_account(there):
    there()
    assert examine({"pending_operations": [cut(POLICY)]}, ACCOUNT) == Mending(struck=[POLICY])


def test_a_type_that_nobody_can_look_for_is_named_with_what_to_do(there):
    there()
    mending = examine({"pending_operations": [cut(STRANGE)]}, ACCOUNT)
    assert mending == Mending(unknown=[STRANGE])
    assert "pulumi import" in mending.lines()[0]


def test_a_cut_short_update_or_deletion_is_read_again_once(there):
    there()
    deployment = {
        "resources": [resource(VPC, "vpc-1")],
        "pending_operations": [cut(VPC, "updating"), cut(VPC, "deleting"), cut(SUBNET, "deleting")],
    }
    assert examine(deployment, ACCOUNT) == Mending(reread=[VPC])


def test_an_account_that_does_not_answer_stops_the_recovery_and_names_the_resource(monkeypatch):
    def find(*_):
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    monkeypatch.setattr(pending, "find", find)
    with pytest.raises(RefusedError, match=r"network-vpc: cannot look in account 000000000000") as refused:
        examine({"pending_operations": [cut(VPC)]}, ACCOUNT)
    assert refused.value.do


class Imported:
    """Takes the state that the engine would."""

    def import_stack(self, state):
        self.version, self.deployment = state.version, state.deployment


def mended(deployment, mending):
    stack: Any = Imported()
    mend(stack, deployment, mending)
    assert stack.version == 3
    assert "pending_operations" not in stack.deployment
    return stack.deployment["resources"]


def test_what_is_taken_over_enters_the_state_without_outputs_so_that_the_refresh_imports_it():
    creation = cut(VPC, inputs={"cidrBlock": "10.0.0.0/16"}, parent=HEAD, provider="urn::id")
    (made,) = mended({"resources": [], "pending_operations": [creation]}, Mending(adopted={VPC: "vpc-1"}))
    assert made == {
        "urn": VPC,
        "type": "aws:ec2/vpc:Vpc",
        "custom": True,
        "id": "vpc-1",
        "inputs": {"cidrBlock": "10.0.0.0/16"},
        "outputs": {},
        "parent": HEAD,
        "provider": "urn::id",
    }


def test_of_a_resource_being_replaced_the_old_one_stays_until_it_is_deleted():
    deployment = {"resources": [resource(VPC, "vpc-old")], "pending_operations": [cut(VPC)]}
    old, new = mended(deployment, Mending(adopted={VPC: "vpc-new"}))
    assert (old["id"], old["delete"]) == ("vpc-old", True)
    assert (new["id"], new.get("delete")) == ("vpc-new", None)
    assert "delete" not in deployment["resources"][0]


def test_an_old_one_that_was_deleted_first_leaves_the_state():
    deployment = {"resources": [resource(VPC, "vpc-old", pendingReplacement=True)], "pending_operations": [cut(VPC)]}
    (new,) = mended(deployment, Mending(adopted={VPC: "vpc-new"}))
    assert new["id"] == "vpc-new"


def test_what_is_struck_off_enters_no_state():
    assert mended({"resources": [], "pending_operations": [cut(VPC)]}, Mending(struck=[VPC])) == []


@pytest.fixture
def workspace(tmp_path):
    checkout = clone(tmp_path / "clone")
    state = checkout.state
    engine = engine_of("exit 1", tmp_path / "bin")
    return Workspace(checkout, checkout.settings("local"), engine, None, state / "project", state / "state")


def lock(workspace, pid, host=None):
    folder = workspace.backend / ".pulumi" / "locks" / "organization" / "seedbed" / "local"
    folder.mkdir(parents=True)
    file = folder / "0000.json"
    file.write_text(json.dumps({"pid": pid, "hostname": host or socket.gethostname()}) if pid else "{")
    return file


def steps():
    return Steps(Console(quiet=True))


def dead_pid():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.mark.parametrize("pid", [0, "dead"])
def test_the_lock_of_a_run_that_is_no_more_is_taken_over(workspace, pid):
    file = lock(workspace, dead_pid() if pid == "dead" else pid)
    recover(workspace, steps(), agree=lambda _: False)
    assert not file.exists()


@pytest.mark.parametrize(("pid", "host"), [(os.getppid(), None), (1, "elsewhere")])
def test_the_lock_of_a_living_or_a_distant_run_is_respected(workspace, pid, host):
    file = lock(workspace, pid, host)
    with pytest.raises(RefusedError, match=rf"0000\.json: local is locked by process {pid} on "):
        recover(workspace, steps(), agree=lambda _: True)
    assert file.exists()


def test_a_run_that_still_goes_on_is_waited_for(workspace, monkeypatch):
    record = workspace.run_record
    record.parent.mkdir(parents=True)
    with subprocess.Popen(["sleep", "0.6"], env={**os.environ, "SEEDBED_RUN": "a" * 32}) as other:
        record.write_text(json.dumps({"pid": other.pid, "run": "a" * 32}))
        waited = []
        monkeypatch.setattr(recovery.time, "sleep", lambda _: waited.append(other.wait()))
        recover(workspace, steps(), agree=lambda _: True)
    assert waited == [0]
    assert not record.exists()


def test_a_state_elsewhere_is_not_put_in_order_without_a_yes(workspace, monkeypatch):
    elsewhere = replace(workspace, kept_in=None, backend=None)
    cut_short = {"resources": [], "pending_operations": [cut(POLICY)]}
    monkeypatch.setattr(recovery, "deployment_of", lambda _: cut_short)
    monkeypatch.setattr(recovery, "Account", lambda *_: ACCOUNT)
    asked = []
    with pytest.raises(RefusedError, match="was not put in order"):
        recover(elsewhere, steps(), agree=lambda lines: bool(asked.append(lines)))
    assert asked == [["data-policy (s3 BucketPolicy) was not finished: it is done again", recovery.LIVE]]


def test_a_state_in_order_is_left_alone(workspace):
    file = state_file(workspace.backend, "local")
    file.parent.mkdir(parents=True)
    words = json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [resource(VPC, "vpc-1")]}}})
    file.write_text(words)
    recover(workspace, steps(), agree=lambda _: False)
    assert file.read_text() == words


def test_attributes_that_a_killed_engine_cut_short_are_dropped_and_whole_ones_stay(workspace):
    file = state_file(workspace.backend, "local")
    file.parent.mkdir(parents=True)
    cut_short, whole = file.with_name("local.json.attrs"), file.with_name("local.json.bak.attrs")
    cut_short.write_text("")
    whole.write_text("{}")
    recover(workspace, steps(), agree=lambda _: False)
    assert (cut_short.exists(), whole.exists()) == (False, True)
