"""moto has no account settings of ECR."""

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Refusal

SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE", "CLAIR"),
    "BLOB_MOUNTING": ("DISABLED", "ENABLED"),
    "REGISTRY_POLICY_SCOPE": ("V2", "V1"),
}
"""Settings and their values, the default first; Amazon ECR API Reference, PutAccountSetting."""


@overlay.answers("ecr", "GetAccountSetting")
def get(call: Call) -> dict[str, str]:
    """A setting, or its default."""
    name = call.input["name"]
    return {"name": name, "value": _kept(call).get(name, _values(name)[0])}


@overlay.answers("ecr", "PutAccountSetting")
def put(call: Call) -> dict[str, str]:
    """Keeps a setting's value."""
    name, value = call.input["name"], call.input["value"]
    if value not in _values(name):
        raise Refusal("InvalidParameterException", f"{name}: found {value}, allowed are {', '.join(_values(name))}")
    _kept(call)[name] = value
    return {"name": name, "value": value}


def _kept(call: Call) -> dict[str, str]:
    return vars(call.backend).setdefault("account_settings", {})


def _values(name: str) -> tuple[str, ...]:
    if name not in SETTINGS:
        raise Refusal("InvalidParameterException", f"name: found {name}, allowed are {', '.join(SETTINGS)}")
    return SETTINGS[name]
