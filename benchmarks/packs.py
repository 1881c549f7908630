"""One policy pack in a process of its own, asked as the engine asks it: what its calls cost.

    .venv/bin/python -m benchmarks.packs PACK FILE INTO [decoded]

FILE is what `benchmarks.declared` kept. Writes to INTO, as JSON, seconds of processor time of the three calls:
Remediate and Analyze of every resource, AnalyzeStack once, and how often the pack objected. The SDK's own servicer is
called without the wire between; with `decoded` it decodes inputs as it does where nobody keeps it from that.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from benchmarks.declared import kept
from policies.inputs import undecoded
from policies.rule import UNKNOWN, Resource
from policies.server import policies
from policies.stack import Stack

OBJECTIONS = "objections"
"""Key of their number, beside the calls."""


def main() -> int:
    pack, file, into, *how = sys.argv[1:]
    if how != ["decoded"]:
        undecoded()
    servicer = _PolicyAnalyzerServicer(f"seedbed-{pack}", "0.0.1", policies(pack), EnforcementLevel.MANDATORY)
    stack = Stack(kept(Path(file)))
    each = [analyzed(one, stack) for one in stack.resources]
    whole = analyzer_pb2.AnalyzeStackRequest(resources=[standing(one, stack) for one in stack.resources])
    gc.collect()
    gc.freeze()
    said: list[Any] = []
    found = {
        "Remediate": timed(lambda: [servicer.Remediate(one, None) for one in each]),
        "Analyze": timed(lambda: said.extend(servicer.Analyze(one, None) for one in each)),
        "AnalyzeStack": timed(lambda: said.append(servicer.AnalyzeStack(whole, None))),
    }
    found[OBJECTIONS] = sum(len(answer.diagnostics) for answer in said)
    Path(into).write_text(json.dumps(found))
    return 0


def timed(call: Callable[[], object]) -> float:
    """Seconds of processor time that a call takes."""
    began = time.process_time()
    call()
    return time.process_time() - began


def analyzed(one: Resource, stack: Stack) -> analyzer_pb2.AnalyzeRequest:
    """What the engine sends of a resource before it is made, to have it mended and to have it judged."""
    return analyzer_pb2.AnalyzeRequest(
        urn=one.urn,
        type=one.type,
        name=one.name,
        properties=struct(one.props),
        options=options(one),
        provider=provider(one, stack),
    )


def standing(one: Resource, stack: Stack) -> analyzer_pb2.AnalyzerResource:
    """What the engine sends of a resource with all others: at a preview its outputs are its inputs."""
    return analyzer_pb2.AnalyzerResource(
        urn=one.urn,
        type=one.type,
        name=one.name,
        properties=struct(one.props),
        parent=one.parent,
        options=options(one),
        provider=provider(one, stack),
        propertyDependencies={
            key: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns) for key, urns in one.dependencies.items()
        },
    )


def options(one: Resource) -> analyzer_pb2.AnalyzerResourceOptions:
    return analyzer_pb2.AnalyzerResourceOptions(protect=one.protect, ignoreChanges=one.ignores)


def provider(one: Resource, stack: Stack) -> analyzer_pb2.AnalyzerProviderResource | None:
    """The provider with its inputs, which the engine sends with every resource."""
    made = stack.provider_of(one)
    if made is None:
        return None
    return analyzer_pb2.AnalyzerProviderResource(
        urn=made.urn, type=made.type, name=made.name, properties=struct(made.props)
    )


def struct(props: Mapping[str, Any]) -> struct_pb2.Struct:
    """Inputs as the engine sends them."""
    made = struct_pb2.Struct()
    made.update(_sent(props))
    return made


def _sent(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_STRING_VALUE
    if isinstance(value, Mapping):
        return {key: _sent(one) for key, one in value.items()}
    return [_sent(one) for one in value] if isinstance(value, Sequence) and not isinstance(value, str) else value


if __name__ == "__main__":
    raise SystemExit(main())
