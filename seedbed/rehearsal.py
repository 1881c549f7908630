"""A program's resources without an engine: what `seedbed check`, the pictures and the tests look at."""

import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import Stack

PROJECT = "seedbed"
PROGRAM = Path(__file__).parents[1] / "stacks" / "environment"
STACK_TYPE = "pulumi:pulumi:Stack"

INSIDE = {("aws:eks/cluster:Cluster", "vpcConfig"): ("clusterSecurityGroupId",)}
"""Values that only the cloud knows inside an object that the program gives: type and input to names."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One registration, as the engine would receive it at the preview of an empty environment."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    """By camelCase name; a value that only the cloud knows is a `pulumi.output.Unknown`."""

    dependencies: Mapping[str, tuple[str, ...]]
    """URNs that each input was computed from."""

    depends_on: tuple[str, ...]
    """All URNs that must exist before it."""

    parent: str
    """URN, empty for the stack's own children."""

    provider: str
    """`URN::id` of the explicit provider, empty where there is none."""

    custom: bool
    """Whether a provider makes it; components are not."""

    protect: bool
    """Whether the engine refuses to delete it."""

    ignores: tuple[str, ...] = ()
    """Paths of inputs whose changes the engine leaves alone."""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    resources: tuple[Declared, ...]
    outputs: Mapping[str, Any]
    """What the program exports; unknowns are `pulumi.output.Unknown`."""


@dataclass
class _Monitor(mocks.MockMonitor):
    """Answers as the engine does at a preview: inputs come back, everything else is unknown.

    With `made` it answers as after `up`: `made` gives the id and the outputs of a resource.
    """

    stack: str
    made: Callable[[Declared], tuple[str, dict[str, Any]]] | None
    seen: list[Declared] = field(default_factory=list)

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:  # noqa: N802
        urn = _urn(self.stack, request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        mocks._ensure_event_loop()
        declared = Declared(
            urn=urn,
            type=request.type,
            name=request.name,
            inputs=rpc.deserialize_properties(request.object, keep_unknowns=True),
            dependencies={k: tuple(v.urns) for k, v in request.propertyDependencies.items() if v.urns},
            depends_on=tuple(request.dependencies),
            parent="" if STACK_TYPE in request.parent else request.parent,
            provider=request.provider,
            custom=request.custom,
            protect=request.protect,
            ignores=tuple(request.ignoreChanges),
        )
        if any(d.urn == urn for d in self.seen):
            raise ValueError(f"{urn}: two resources have this URN, which the engine refuses; rename one")
        self.seen.append(declared)
        if self.made is None or not request.custom:
            for (type_, given), names in INSIDE.items():
                if type_ == request.type and given in request.object.fields:
                    for name in names:
                        request.object.fields[given].struct_value.fields[name].string_value = rpc.UNKNOWN
            known = request.type.startswith("pulumi:providers:")
            return resource_pb2.RegisterResourceResponse(
                urn=urn, id=request.name if known else "", object=request.object
            )
        made_id, outputs = self.made(declared)
        state = mocks._sync_await(rpc.serialize_properties({**declared.inputs, **outputs}, {}))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=made_id, object=state)

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:  # noqa: N802
        raise LookupError(f"{request.name}: a rehearsal reads no cloud, so {request.type} {request.id} is not there")

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        raise LookupError(f"a rehearsal asks no cloud, so {request.tok} has no answer")


class _Nothing(mocks.Mocks):
    def call(self, args: mocks.MockCallArgs) -> tuple[dict, list[tuple[str, str]] | None]:
        raise LookupError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict]:
        raise LookupError(args.typ)


def rehearse(
    program: Callable[[], object],
    *,
    stack: str = "test",
    config: Mapping[str, str] | None = None,
    made: Callable[[Declared], tuple[str, dict[str, Any]]] | None = None,
) -> Rehearsal:
    """Run `program` as a preview of an empty `stack`, or, given `made`, as an `up` in which resources turn out so.

    Raises whatever the program raises, and ValueError for two resources with one URN.
    """
    monitor = _Monitor(stack=stack, made=made)
    monitor.mocks, monitor.resources = _Nothing(), {}
    pulumi.runtime.set_all_config(dict(config or {}))
    mocks._ensure_event_loop()  # whoever ran one of its own may have left none
    settings.ROOT.set(None)  # a stack of its own for each rehearsal, or outputs of the one before stay
    mocks.set_mocks(_Nothing(), project=PROJECT, stack=stack, preview=made is None, monitor=monitor)
    root = settings.get_root_resource()
    assert isinstance(root, Stack)
    outputs: dict[str, Any] = {}

    @pulumi.runtime.test
    def run() -> pulumi.Output[None]:
        program()
        return pulumi.Output.from_input(root.outputs).apply(outputs.update, run_with_unknowns=True)

    run()
    # Registrations arrive in no fixed order.
    return Rehearsal(resources=tuple(sorted(monitor.seen, key=lambda d: d.urn)), outputs=outputs)


def rehearse_environment(name: str, config: Mapping[str, str]) -> Rehearsal:
    """Rehearse the real program with an environment's configuration (full keys, objects as JSON)."""
    return rehearse(lambda: runpy.run_path(str(PROGRAM), run_name="__main__"), stack=name, config=config)


def _urn(stack: str, parent: str, type_: str, name: str) -> str:
    """URN as the engine makes it: the types of all parents but the stack, then the own one."""
    above = "" if not parent or STACK_TYPE in parent else parent.split("::")[2] + "$"
    return f"urn:pulumi:{stack}::{PROJECT}::{above}{type_}::{name}"
