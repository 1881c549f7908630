"""moto's parameter groups take any family, name and method, tell no defaults, forget nothing and go while in use."""

from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions.database_parameters import DEFAULTS, DYNAMIC, STATIC, is_known
from localcloud.extensions.database_versions import VERSIONS
from localcloud.refusal import Refusal


@overlay.checks("rds", "CreateDBParameterGroup")
def the_family_is_one_that_there_is(call: Call) -> None:
    """Amazon RDS API Reference, CreateDBParameterGroup; families of PostgreSQL are known, others are moto's."""
    family = call.input["DBParameterGroupFamily"]
    if family.startswith("postgres") and family.removeprefix("postgres") not in VERSIONS:
        known = ", ".join(f"postgres{major}" for major in VERSIONS)
        raise Refusal(
            "InvalidParameterValue", f"ParameterGroupFamily {family} is not a valid parameter group family; {known} are"
        )


@overlay.checks("rds", "ModifyDBParameterGroup")
def parameters_are_known_and_taken_on_as_they_can_be(call: Call) -> None:
    """Amazon RDS API Reference, ModifyDBParameterGroup: at most 20 a request, static ones at the next start only."""
    group = _group(call)
    parameters = call.input["Parameters"]
    if group.name.startswith("default."):
        raise Refusal("InvalidDBParameterGroupState", f"The default parameter group {group.name} cannot be modified.")
    if len(parameters) > 20:
        raise Refusal("InvalidParameterValue", f"A request changes at most 20 parameters, found {len(parameters)}")
    for parameter in parameters if _is_postgres(group) else ():
        name = parameter["ParameterName"]
        if not is_known(name):
            raise Refusal("InvalidParameterValue", f"Could not find parameter with name: {name}")
        if name in STATIC and parameter.get("ApplyMethod") == "immediate":
            raise Refusal(
                "InvalidParameterCombination", f"cannot use immediate apply method for static parameter: {name}"
            )
        if name in DEFAULTS and name.startswith("rds.force") and parameter.get("ParameterValue") not in ("0", "1"):
            raise Refusal(
                "InvalidParameterValue",
                f"Invalid parameter value: {parameter.get('ParameterValue')} for: {name} allowed values are: 0,1",
            )


@overlay.answers("rds", "DescribeDBParameters")
def describe(call: Call) -> dict[str, Any] | None:
    """What the users of the account set and what PostgreSQL has by itself, in pages of 100."""
    group, source = _group(call), call.input.get("Source")
    if not _is_postgres(group):
        return None
    every = [_said(group, name) for name in sorted({*STATIC, *DYNAMIC, *group.parameters})]
    every = [one for one in every if source in (None, one["Source"])]
    start = int(call.input.get("Marker") or 0)
    end = start + int(call.input.get("MaxRecords") or 100)
    return {"Parameters": every[start:end], **({"Marker": str(end)} if end < len(every) else {})}


@overlay.answers("rds", "ResetDBParameterGroup")
def reset(call: Call) -> dict[str, Any]:
    """Takes back what was set, all or the named parameters; Amazon RDS API Reference, ResetDBParameterGroup."""
    group = _group(call)
    named = [parameter["ParameterName"] for parameter in call.input.get("Parameters", [])]
    is_all = call.input.get("ResetAllParameters", not named) in (True, "true")
    for name in list(group.parameters) if is_all else named:
        group.parameters.pop(name, None)
    return {"DBParameterGroupName": group.name}


@overlay.checks("rds", "DeleteDBParameterGroup")
def a_group_in_use_stays(call: Call) -> None:
    """Amazon RDS API Reference, DeleteDBParameterGroup: InvalidDBParameterGroupState."""
    group = _group(call)
    users = [
        database.db_instance_identifier
        for database in call.backend.databases.values()
        if (database.db_parameter_group_name or "").lower() == group.name
    ]
    if users or group.name.startswith("default."):
        raise Refusal(
            "InvalidDBParameterGroupState",
            f"One or more database instances are still members of this parameter group {group.name}, so the group "
            f"cannot be deleted: {', '.join(users) or 'it is the default one'}",
        )


@overlay.checks("rds", "DescribeDBParameterGroups")
def the_group_is_there(call: Call) -> None:
    """moto answers with an empty list."""
    if call.input.get("DBParameterGroupName"):
        _group(call)


def _group(call: Call) -> Any:
    name = call.input["DBParameterGroupName"]
    found = call.backend.db_parameter_groups.get(name)
    if found is None:
        raise Refusal("DBParameterGroupNotFound", f"DBParameterGroup not found: {name}", 404)
    return found


def _is_postgres(group: Any) -> bool:
    return str(group.family).startswith("postgres")


def _said(group: Any, name: str) -> dict[str, Any]:
    kind = {"ApplyType": "static" if name in STATIC else "dynamic", "DataType": "string", "IsModifiable": True}
    if name in group.parameters:
        chosen = group.parameters[name]
        method = chosen.get("ApplyMethod", "pending-reboot")
        value = {"ParameterValue": chosen["ParameterValue"]} if "ParameterValue" in chosen else {}
        return {"ParameterName": name, **kind, **value, "Source": "user", "ApplyMethod": method}
    said = {"ParameterName": name, **kind, "Source": "engine-default", "ApplyMethod": "pending-reboot"}
    return said | ({"ParameterValue": DEFAULTS[name], "Source": "system"} if name in DEFAULTS else {})
