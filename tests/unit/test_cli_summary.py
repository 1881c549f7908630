"""What the engine reports, and what a person reads of it."""

import io

from pulumi.automation.events import EngineEvent
from rich.console import Console

from seedbed import summary
from seedbed.engine_run import EngineRun, Violation, name_of, short_type, type_of

STACK = "urn:pulumi:local::seedbed::pulumi:pulumi:Stack::seedbed-local"
STORE = "urn:pulumi:local::seedbed::seedbed:storage:DatasetStore::applications"
INNER = "urn:pulumi:local::seedbed::seedbed:storage:DatasetStore$seedbed:bucket:PrivateBucket::applications"
BUCKET = (
    "urn:pulumi:local::seedbed::seedbed:storage:DatasetStore$seedbed:bucket:PrivateBucket"
    "$aws:s3/bucket:Bucket::applications-bucket"
)
KEY = "urn:pulumi:local::seedbed::seedbed:keys:KeyRing$aws:kms/key:Key::keys-internal"
RING = "urn:pulumi:local::seedbed::seedbed:keys:KeyRing::keys"


def step(op, urn, parent="", keys=()):
    state = {"type": type_of(urn), "urn": urn, "id": "", "parent": parent, "provider": ""}
    return {"metadata": {"op": op, "urn": urn, "type": type_of(urn), "new": state, "keys": list(keys)}}


def observed(*events, expected=None):
    run = EngineRun(expected=expected)
    for number, event in enumerate(events):
        run.observe(EngineEvent.from_json({"sequence": number, "timestamp": 0, **event}))
    return run


def made(urn, parent="", op="create"):
    return {"resourcePreEvent": step(op, urn, parent)}, {"resOutputsEvent": step(op, urn, parent)}


def shown(show, *what):
    file = io.StringIO()
    show(Console(file=file, width=200, color_system=None, highlight=False, markup=False), *what)
    return file.getvalue()


def test_a_urn_is_said_by_its_name_and_its_type():
    assert (name_of(BUCKET), type_of(BUCKET), short_type(type_of(BUCKET))) == (
        "applications-bucket",
        "aws:s3/bucket:Bucket",
        "s3 Bucket",
    )


def test_resources_are_counted_under_the_outermost_component_in_the_order_of_the_layers():
    run = observed(*made(STORE, STACK), *made(INNER, STORE), *made(BUCKET, INNER), *made(RING, STACK), *made(KEY, RING))
    lines = [line.split() for line in shown(summary.show_resources, run).splitlines()]
    assert lines == [
        ["layer", "component", "resources"],
        ["foundation", "KeyRing", "keys", "1", "Key"],
        ["stores", "DatasetStore", "applications", "1", "Bucket"],
    ]


def test_a_run_says_how_far_it_is_and_what_takes_longest():
    run = observed(*made(KEY), {"resourcePreEvent": step("create", BUCKET)}, expected=9)
    assert run.line() == "1 of 9 resources, longest: applications-bucket (s3 Bucket) 0 s"


def test_a_replaced_store_is_announced_with_what_would_be_lost_and_why():
    run = observed(
        {"resourcePreEvent": step("create-replacement", BUCKET, keys=["bucket"])},
        {"resourcePreEvent": step("replace", BUCKET, keys=["bucket"])},
        {"resourcePreEvent": step("delete-replaced", BUCKET)},
    )
    (change,) = run.at_stake
    assert (change.op, change.because) == ("replace", ("bucket",))
    said = shown(summary.show_changes, run)
    assert "WOULD BE REPLACED because of bucket: applications-bucket (s3 Bucket)" in said
    assert "lost: every object and every version in it" in said
    assert BUCKET in said


def test_a_deleted_key_is_announced_and_a_changed_one_is_not():
    assert [c.urn for c in observed({"resourcePreEvent": step("delete", KEY)}).at_stake] == [KEY]
    assert observed({"resourcePreEvent": step("update", KEY)}).at_stake == []


def test_a_second_up_is_summed_up_as_no_change():
    summed = {"summaryEvent": {"resourceChanges": {"same": 96}, "PolicyPacks": {"seedbed-gdpr|local|/x": ""}}}
    run = observed(summed)
    assert summary.tally(run, summary.DONE) == "0 changes: 96 unchanged"
    assert run.packs == ["seedbed-gdpr"]


def test_a_replacement_counts_once():
    run = observed({"summaryEvent": {"resourceChanges": {"replace": 1, "create-replacement": 1, "delete-replaced": 1}}})
    assert summary.tally(run, summary.DONE) == "1 changes: 1 replaced"


def test_a_violation_is_shown_with_control_urn_and_level_and_only_a_mandatory_one_stops():
    event = {
        "policyEvent": {
            "resourceUrn": BUCKET,
            "message": "<{%reset%}>The controls\nSTO-01 Every bucket is closed: set blockPublicAcls<{%reset%}>",
            "policyName": "mandatory",
            "policyPackName": "security",
            "enforcementLevel": "mandatory",
        }
    }
    run = observed(event, event)
    assert len(run.blocking) == 1
    assert shown(summary.show_violations, run.violations).splitlines() == [
        f"mandatory STO-01 {BUCKET}",
        "    Every bucket is closed: set blockPublicAcls",
    ]
    assert not Violation("advisory", "security", "advisory", BUCKET, "STO-01 x").blocking


def diagnostic(message, urn=BUCKET, severity="error"):
    return {"diagnosticEvent": {"message": message, "urn": urn, "severity": severity, "color": "never"}}


def test_a_failing_resources_words_are_shown_whole_and_once():
    words = "creating S3 Bucket: api error AccessDenied: no\n\tsecond line"
    run = observed(
        diagnostic(f"sdk-v2/provider2.go:572: sdk.helper_schema: {words}: provider=aws@7.21.0"),
        diagnostic(f"1 error occurred:\n\t* {words}"),
    )
    said = shown(summary.show_diagnostics, run.diagnostics)
    assert said.count("AccessDenied") == 1
    assert f"error: {BUCKET}" in said
    assert "second line" in said


def test_an_error_of_the_sdk_that_nothing_repeats_is_shown():
    run = observed(diagnostic("sdk-v2/provider2.go:572: sdk.helper_schema: only here: provider=aws@7.21.0"))
    assert "only here" in shown(summary.show_diagnostics, run.diagnostics)


def test_that_our_own_binaries_are_used_is_no_warning_but_every_other_warning_is():
    run = observed(
        diagnostic("using pulumi-resource-aws from $PATH at /x", severity="warning"),
        diagnostic("deprecated", severity="warning"),
    )
    assert [d.message for d in run.diagnostics] == ["deprecated"]


def test_outputs_are_a_tree_of_names_and_values():
    said = shown(summary.show_outputs, {"network": {"vpcId": "vpc-1", "subnets": ["a", "b"]}, "mirrors": {}})
    assert said.splitlines() == ["network:", "  vpcId: vpc-1", "  subnets:", "    - a", "    - b", "mirrors: none"]


NAMESPACE = "urn:pulumi:local::seedbed::seedbed:workspace:Workspace$kubernetes:core/v1:Namespace::scoring"
WORKSPACE = "urn:pulumi:local::seedbed::seedbed:workspace:Workspace::scoring"


def test_resources_of_aws_and_of_kubernetes_are_listed_together_and_counted_apart():
    run = observed(*made(RING, STACK), *made(KEY, RING), *made(WORKSPACE, STACK), *made(NAMESPACE, WORKSPACE))
    said = shown(summary.show_changes, run).splitlines()
    assert "  create scoring  core Namespace" in said
    assert said[-1] == "resources: 1 in AWS, 1 in Kubernetes"
    assert [line.split()[:2] for line in shown(summary.show_resources, run).splitlines()][1:] == [
        ["foundation", "KeyRing"],
        ["teams", "Workspace"],
    ]


def test_where_all_resources_are_in_aws_that_is_not_said():
    assert summary.by_side(observed(*made(KEY, RING))) == ""


def test_a_namespace_that_would_go_is_announced_with_what_is_lost():
    (change,) = observed({"resourcePreEvent": step("delete", NAMESPACE)}).at_stake
    assert change.at_stake == "everything in it, and what its pods kept on their disks"
