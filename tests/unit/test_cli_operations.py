"""What a command does when the engine says no, with scripts in the engine's place."""

from dataclasses import replace

import pytest
from rich.console import Console

from seedbed import operations, recovery
from seedbed.engine_run import EngineRun
from seedbed.failures import RefusedError, WrongInputError
from seedbed.operations import EngineRefusedError, StoppedError, agree_by, engine_words
from seedbed.steps import Steps
from seedbed.workspace import Workspace
from tests.unit.clone import clone, engine_of

NO_STACK = """case "$*" in
*"stack init"*) echo "stack init" >> "$0.asked";;
*) echo "error: no stack named 'dev' found" >&2; exit 255;;
esac"""


@pytest.fixture
def dev(tmp_path):
    checkout = clone(tmp_path / "clone")
    return Workspace(checkout, checkout.settings("dev"), engine_of(NO_STACK, tmp_path / "bin"))


def steps():
    return Steps(Console(quiet=True))


def scripted(workspace, script):
    return replace(workspace, engine=engine_of(script, workspace.engine.pulumi.parent))


def test_a_preview_makes_no_stack_in_a_users_backend_and_says_what_to_do(dev):
    with steps().step("preview") as step, pytest.raises(RefusedError, match="your backend has no stack") as refused:
        operations.preview(dev, step)
    assert refused.value.do == (
        "Bring it up: seedbed up dev. Or look at it without a cloud: seedbed preview dev --offline"
    )
    assert not dev.engine.pulumi.with_name("pulumi.asked").exists()


def test_an_environment_without_a_stack_has_nothing_to_put_in_order(dev):
    assert recovery.deployment_of(dev) == {}


def test_an_up_makes_the_missing_stack(dev):
    with steps().step("preview") as step, pytest.raises(RefusedError):
        operations.preview(dev, step, create=True)
    assert dev.engine.pulumi.with_name("pulumi.asked").read_text() == "stack init\n"


def words(workspace):
    with pytest.raises(RefusedError) as refused, engine_words(workspace, EngineRun()):
        workspace.command.run(["up"], str(workspace.project), workspace.variables())
    return refused.value


def test_the_engines_own_words_are_kept_whole_without_what_is_expected(dev):
    script = "echo 'warning: using pulumi-resource-aws from $PATH at /x' >&2; echo 'error: a\nb' >&2; exit 1"
    said = words(scripted(dev, script))
    assert isinstance(said, EngineRefusedError)
    assert said.words == "error: a\nb"
    assert said.message == "dev: the engine says no"


@pytest.mark.parametrize(
    ("wrong", "do"),
    [
        ("error: PULUMI_ACCESS_TOKEN must be set: access token missing", "pulumi login"),
        ("error: incorrect passphrase", "PULUMI_CONFIG_PASSPHRASE"),
        ("error: configured Kubernetes cluster is unreachable", "seedbed status dev says why"),
        (
            'failed calling webhook "mresourceflavor.kb.io": 502',
            "pulumi up --refresh --stack dev --target '**seedbed:chart",
        ),
        ("conversion webhook for kueue.x-k8s.io/v1beta1, Kind=Cohort failed: 502", "bring up the controllers alone"),
        ("error: anything", "run the same command again"),
    ],
)
def test_a_refusal_says_what_to_do_about_it(dev, wrong, do):
    assert do in words(scripted(dev, f"echo '{wrong}' >&2; exit 1")).do


def test_a_killed_engine_is_said_to_be_killed_and_that_the_next_run_mends_it(dev):
    said = words(scripted(dev, "kill -9 $$"))
    assert "the engine was killed (signal 9) before it was done" in said.message
    assert "Run the same command again" in said.do


def test_an_interrupted_engine_that_still_ended_well_stops_the_command(dev):
    dev.command.interrupted = True
    with pytest.raises(StoppedError) as stopped, engine_words(dev, EngineRun()):
        pass
    assert stopped.value.code == 130


def test_a_yes_given_beforehand_asks_nobody():
    assert agree_by(True, pytest.fail, can_ask=True, command="seedbed up dev")("Really?")


def test_a_person_is_asked_where_one_can_answer():
    asked = []
    assert agree_by(False, lambda text: not asked.append(text), can_ask=True, command="seedbed up dev")("Really?")
    assert asked == ["Really?"]


def test_where_nobody_can_answer_the_flag_is_named():
    with pytest.raises(WrongInputError) as wrong:
        agree_by(False, pytest.fail, can_ask=False, command="seedbed up dev")("Really?")
    assert wrong.value.do == "seedbed up dev --yes"
