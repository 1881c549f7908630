"""Whether the built providers and the pinned SDKs mean the same.

The AWS provider's properties are named by the bridge's rules, the SDK's by those and hand-written exceptions. A
property that one calls otherwise would be dropped in silence, so a provider is only kept when nothing differs. The
Kubernetes provider takes its types from the cluster and is the SDK's own, so there the versions have to agree.
"""

import importlib
import inspect
import json
import subprocess
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.programs import AWS

SIMPLE = {str: "string", bool: "boolean", int: "integer", float: "number"}
PROVIDER = "pulumi:providers:aws"


def differences(schema: dict[str, Any]) -> list[str]:
    """Where the schema and the SDK differ, one line each; none where they agree."""
    found: list[str] = []
    for token, resource in sorted(schema["resources"].items()):
        found += compare_resource(schema, token, resource)
    provider = importlib.import_module("pulumi_aws").ProviderArgs
    found += compare(PROVIDER, shape(schema, schema["provider"], "inputProperties"), declared(provider))
    absent = {f"{token} {way} {name}: only the SDK has it" for token, name in missing() for way in ("input", "output")}
    return [line for line in found if line not in absent] + [
        f'engine/aws/missing.txt: not so, remove the line: "{line}"' for line in sorted(absent.difference(found))
    ]


def missing() -> list[tuple[str, str]]:
    """Types and properties that the SDK has and the provider is known to lack; it refuses a program that sets one."""
    lines = (AWS.folder / "missing.txt").read_text().splitlines()
    words = [line.split("#")[0].split() for line in lines]
    return [(token, name) for token, name in (pair for pair in words if pair)]


def compare_resource(schema: dict[str, Any], token: str, resource: dict[str, Any]) -> Iterator[str]:
    """Differences of one type: its inputs, which of them must be given, and its outputs."""
    cls = resource_class(token)
    if cls is None:
        yield f"{token}: pulumi_aws has no such type"
        return
    module = vars(importlib.import_module(cls.__module__))
    arguments = module.get(f"{cls.__name__}InitArgs") or module[f"{cls.__name__}Args"]
    yield from compare(f"{token} input", shape(schema, resource, "inputProperties"), declared(arguments))
    yield from compare(f"{token} output", shape(schema, resource, "properties"), declared(cls))
    needed = {name for name, parameter in parameters(arguments) if parameter.default is inspect.Parameter.empty}
    for name in sorted(needed.symmetric_difference(resource.get("requiredInputs", []))):
        yield f"{token} input {name}: required {'in the SDK' if name in needed else 'by the provider'} only"


def resource_class(token: str) -> type | None:
    """The SDK's class for a token such as aws:s3/bucket:Bucket."""
    module = token.split(":")[1].split("/")[0]
    try:
        return getattr(importlib.import_module(f"pulumi_aws.{module}"), token.rsplit(":", 1)[1], None)
    except ImportError:
        return None


def parameters(arguments: type) -> Iterator[tuple[str, inspect.Parameter]]:
    """Parameters of an args class under the names that go over the wire."""
    from pulumi import _types

    names = _types.input_type_py_to_pulumi_names(arguments)
    for name, parameter in inspect.signature(arguments.__init__).parameters.items():
        if name in names:
            yield names[name], parameter


def shape(schema: dict[str, Any], owner: dict[str, Any], which: str) -> dict[str, Any]:
    """Properties of an object of the schema: name to type, nested objects as further dicts."""
    return {name: schema_type(schema, spec) for name, spec in owner.get(which, {}).items()}


def schema_type(schema: dict[str, Any], spec: dict[str, Any]) -> Any:
    """The type of one property of the schema, in the form that `python_type` gives too."""
    if reference := spec.get("$ref"):
        if not reference.startswith("#/types/"):
            return "any"
        return shape(schema, schema["types"][reference.removeprefix("#/types/")], "properties")
    if alternatives := spec.get("oneOf"):
        return schema_type(schema, alternatives[0])
    if spec["type"] == "array":
        return [schema_type(schema, spec["items"])]
    if spec["type"] == "object":
        return ("map", schema_type(schema, spec.get("additionalProperties", {"type": "string"})))
    return spec["type"]


def declared(cls: type) -> dict[str, Any]:
    """Properties of a class of the SDK: name to type, nested classes as further dicts."""
    from pulumi import _types

    if _types.is_input_type(cls):
        hints = _types.input_type_types(cls)
    elif _types.is_output_type(cls):
        hints = _types.output_type_types(cls)
    else:
        hints = _types.resource_types(cls)
        hints = {name: hint for name, hint in hints.items() if name not in {"id", "urn"}}  # every resource's
    return {name: python_type(hint) for name, hint in hints.items()}


def python_type(hint: Any) -> Any:
    """The type of a hint of the SDK, without what only says that a value may come later or not at all."""
    from pulumi import Output, _types

    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if hint in SIMPLE:
        return SIMPLE[hint]
    if origin is Output:
        return python_type(inside[0])
    if origin in (typing.Union, types.UnionType):
        kept = [one for one in inside if one is not type(None) and not is_later(one)]
        plain = [one for one in kept if one in SIMPLE]
        return python_type((plain or kept)[0])
    if origin in (list, Sequence):
        return [python_type(inside[0])]
    if origin in (dict, Mapping):
        return ("map", python_type(inside[1]))
    if isinstance(hint, type) and (_types.is_input_type(hint) or _types.is_output_type(hint)):
        return declared(hint)
    return "any"


def is_later(hint: Any) -> bool:
    """Whether an alternative of a union is only the same value, awaited."""
    from pulumi import Output

    return typing.get_origin(hint) is Output or "Awaitable" in str(typing.get_origin(hint))


def compare(where: str, provider: Any, sdk: Any) -> Iterator[str]:
    """Lines that say where two types differ."""
    if isinstance(provider, dict) and isinstance(sdk, dict):
        for name in sorted(provider.keys() | sdk.keys()):
            if name not in sdk:
                yield f"{where} {name}: only the provider has it"
            elif name not in provider:
                yield f"{where} {name}: only the SDK has it"
            else:
                yield from compare(f"{where} {name}", provider[name], sdk[name])
    elif isinstance(provider, list) and isinstance(sdk, list):
        yield from compare(f"{where}[]", provider[0], sdk[0])
    elif isinstance(provider, tuple) and isinstance(sdk, tuple):
        yield from compare(f"{where}{{}}", provider[1], sdk[1])
    elif provider != sdk:
        yield f"{where}: {brief(provider)} in the provider, {brief(sdk)} in the SDK"


def brief(shown: Any) -> str:
    """A type in a few words."""
    if isinstance(shown, dict):
        return "an object"
    if isinstance(shown, list):
        return f"a list of {brief(shown[0])}"
    return f"a map of {brief(shown[1])}" if isinstance(shown, tuple) else str(shown)


def check(path: Path) -> int:
    """Compare a generated schema with the installed SDK; give the number of types, raise where one differs."""
    schema = json.loads(path.read_text())
    found = differences(schema)
    if found:
        raise EngineError(
            f"comparing {path} with the pulumi_aws SDK",
            f"{len(found)} properties differ:\n  " + "\n  ".join(found),
            "name the differing property in engine/aws/overrides.go as the SDK does, or pin the SDK that fits",
        )
    return len(schema["resources"])


def check_kubernetes(executable: Path) -> str:
    """Compare a built Kubernetes provider with the installed SDK; give their version, raise where they differ."""
    done = subprocess.run([executable, "--version"], capture_output=True, text=True, timeout=60)
    built, wanted = done.stdout.strip().removeprefix("v"), version("pulumi-kubernetes")
    if built != wanted:
        raise EngineError(
            f"comparing {executable} with the pulumi_kubernetes SDK",
            f"the provider is {built or done.stderr.strip() or 'of no version'}, the SDK is {wanted}",
            "pin the same release in requirements/runtime.in, engine/programs.py and engine/kubernetes/go.mod",
        )
    return built
