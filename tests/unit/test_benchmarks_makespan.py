"""Creation of the shipped environments, simulated, and the simulation itself on graphs to reckon by hand."""

import functools
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest
import yaml

from benchmarks import creation, gantt, makespan
from benchmarks.creation import Latency, Span, Step, critical_path, graph, latency, length, schedule
from engine.programs import AWS
from seedbed.rehearsal import Declared, rehearse
from stacks.environment.waiting import unheld

shipped = functools.cache(makespan.rehearsed)


def steps(**seconds_and_needs: tuple[float, Sequence[str]]) -> dict[str, Step]:
    return {
        name: Step(urn=name, name=name, type="t", seconds=seconds, custom=True, needs=dict.fromkeys(needs, "property"))
        for name, (seconds, needs) in seconds_and_needs.items()
    }


@pytest.mark.parametrize("environment", makespan.shipped())
def test_no_order_but_that_of_the_properties_makes_an_environment_slower(environment):
    assert makespan.measure(environment, shipped(environment)).missed == ()


@pytest.mark.parametrize("environment", makespan.shipped())
def test_no_component_waits_for_a_resource_before_its_children_may_start(environment):
    waiting = {r.name: [*r.dependencies] for r in shipped(environment) if not r.custom and r.dependencies}
    assert waiting == {}


def test_what_uses_the_security_group_that_a_cluster_makes_itself_waits_for_the_cluster():
    def program():
        cluster = aws.eks.Cluster("cluster", role_arn="r", vpc_config={"subnet_ids": ["a", "b"]})
        own = cluster.vpc_config.cluster_security_group_id
        aws.vpc.SecurityGroupIngressRule(
            "rule", security_group_id="g", ip_protocol="tcp", referenced_security_group_id=own
        )

    made = {r.name: r for r in rehearse(program).resources}
    assert isinstance(made["rule"].inputs["referencedSecurityGroupId"], pulumi.output.Unknown)
    assert made["rule"].dependencies["referencedSecurityGroupId"] == (made["cluster"].urn,)
    assert made["cluster"].inputs["vpcConfig"] == {"subnetIds": ["a", "b"]}


def test_a_component_registers_what_is_known_and_its_children_get_everything():
    class Store(pulumi.ComponentResource):
        def __init__(self, name, args):
            super().__init__("seedbed:x:Store", name, args)
            bucket = pulumi.ResourceOptions(parent=self)
            aws.s3.Bucket(name, bucket="b", tags={"key": args["keys"]["own"]}, opts=bucket)

    def program():
        pulumi.runtime.register_stack_transformation(unheld)
        key = aws.kms.Key("key")
        Store("store", {"prefix": "x", "zones": ["a", "b"], "keys": {"own": key.arn}, "all": [key.arn], "key": key})

    made = {r.name if r.custom else "component": r for r in rehearse(program).resources}
    assert dict(made["component"].inputs) == {"prefix": "x", "zones": ["a", "b"]}
    assert made["component"].dependencies == {}
    assert made["store"].dependencies["tags"] == (made["key"].urn,)


def test_every_type_that_the_provider_offers_has_seconds():
    lines = (AWS.folder / "resources.txt").read_text().splitlines()
    offered = {line.split()[1] for line in lines if line.split("#")[0].strip()}
    assert {row for row in latency().rows if row.startswith("aws:")} == offered


def test_an_object_of_a_cluster_has_the_seconds_of_a_call_unless_a_row_says_more():
    def program():
        core = kubernetes.core.v1
        core.Namespace("space", metadata={"name": "a"})
        core.ConfigMap("settings", metadata={"name": "b"}, data={"a": "b"})

    table = latency()
    assert {r.name: table.seconds(r) for r in rehearse(program).resources} == {"space": 1, "settings": table.object}
    assert 0 < table.object < 1


def test_seconds_stand_in_order_and_say_how_sure_they_are():
    data = yaml.safe_load((creation.HERE / "latency.yaml").read_text())
    rows = [row for rows in data["types"].values() for row in rows]
    for row in [*rows, data["small"], data["propagation"], data["object"]]:
        assert row["create"] == sorted(row["create"]), row
        assert row["confidence"] in {"log", "log1", "doc", "own", "est"}, row


def test_a_type_without_seconds_is_named_with_the_file_to_add_it_to():
    (queue,) = rehearse(lambda: aws.sqs.Queue("queue")).resources
    with pytest.raises(LookupError, match=r"benchmarks/latency\.yaml: no row for aws:sqs/queue:Queue"):
        latency().seconds(queue)


def test_inputs_decide_between_the_rows_of_a_type():
    def program():
        aws.rds.Instance("pair", instance_class="c", engine="postgres", multi_az=True)
        aws.rds.Instance("single", instance_class="c", engine="postgres")
        aws.rds.Instance("other", instance_class="c", engine="mysql")

    table = latency()
    assert {r.name: table.seconds(r) for r in rehearse(program).resources} == {
        "pair": 550,
        "single": 440,
        "other": 365,
    }


def test_the_longest_way_goes_first_where_places_are_few():
    few = steps(a=(2, []), b=(1, []), c=(5, ["b"]))
    assert length(schedule(few)) == 6
    assert length(schedule(few, 1)) == 8
    assert schedule(few, 1)["b"] == Span(0, 1)
    assert schedule(few, 1, by_path=False)["a"] == Span(0, 2)


def test_the_critical_path_is_the_chain_that_ends_last():
    chain = steps(a=(2, []), b=(1, []), c=(5, ["a", "b"]), d=(1, ["b"]))
    assert critical_path(chain, schedule(chain)) == ["a", "c"]


def test_resources_that_wait_for_one_another_are_an_error_that_names_them():
    with pytest.raises(ValueError, match=r"circle: \['a', 'b'\]"):
        schedule(steps(a=(1, ["b"]), b=(1, ["a"]), c=(1, [])))


TABLE = Latency(
    rows={
        "aws:iam/role:Role": [{"create": [1]}],
        "aws:ec2/vpc:Vpc": [{"create": [5]}],
        "aws:ec2/flowLog:FlowLog": [{"create": [1]}],
    },
    propagation=10,
    column=0,
)


def flow_log(*, explicit: bool) -> list[Declared]:
    def program():
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
        role = aws.iam.Role("role", assume_role_policy="{}")
        after = pulumi.ResourceOptions(depends_on=[vpc] if explicit else [])
        aws.ec2.FlowLog("log", traffic_type="ALL", iam_role_arn=role.arn, log_destination="x", vpc_id="v", opts=after)

    return list(rehearse(program).resources)


def test_a_service_waits_for_a_new_role_to_be_known_everywhere():
    assert length(schedule(graph(flow_log(explicit=False), TABLE))) == 1 + 10 + 1


def test_an_order_without_a_reason_is_named_with_what_to_do():
    said = makespan.unexplained(graph(flow_log(explicit=True), TABLE))
    assert len(said) == 1
    assert said[0].startswith("log waits for vpc without a property that needs it: remove the depends_on, or give the")
    assert makespan.unexplained(graph(flow_log(explicit=False), TABLE)) == []


def test_bars_that_overlap_in_time_never_share_a_row():
    spans = {"a": Span(0, 4), "b": Span(1, 2), "c": Span(2, 3), "d": Span(4, 5)}
    assert gantt.lanes(list(spans), spans) == [["a", "d"], ["b", "c"]]


def test_the_shipped_picture_is_that_of_the_shipped_program():
    drawn = makespan.picture(makespan.measure("prod", shipped("prod")))
    assert (makespan.ROOT / "docs" / "makespan.svg").read_text() == drawn, "run `make docs`"
