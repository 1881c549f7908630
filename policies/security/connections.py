"""Connections to databases: encrypted, whatever the client asks for."""

from collections.abc import Iterator, Mapping

from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    items,
    look,
    text,
    undetermined,
)

INSTANCE, CLUSTER = "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"
GROUP, CLUSTER_GROUP = "aws:rds/parameterGroup:ParameterGroup", "aws:rds/clusterParameterGroup:ClusterParameterGroup"

FORCING: Mapping[str, str] = {
    "postgres": "rds.force_ssl",
    "sqlserver": "rds.force_ssl",
    "mysql": "require_secure_transport",
    "mariadb": "require_secure_transport",
}
"""Parameter that refuses connections without TLS, by a part of the engine's name (RDS user guide, "Using SSL/TLS to
encrypt a connection"); the other engines have an option of their own, which no parameter group holds."""

ON = frozenset({"1", "on", "true"})


@control(
    "RDS-03",
    title="Database connections are encrypted",
    kind="stack",
    severity="medium",
    types=(INSTANCE, CLUSTER, GROUP, CLUSTER_GROUP),
    subjects=(INSTANCE, CLUSTER),
    basis=("32(1)(a)",),
    refs=("securityhub:RDS.38", "securityhub:RDS.39", "CKV2_AWS_69", "prowler:rds_instance_transport_encrypted"),
)
def connections_are_encrypted(one: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """The parameter group that the database names is of this stack and says rds.force_ssl=1 (PostgreSQL, SQL Server) or
    require_secure_transport=1 (MySQL, MariaDB). A default is not enough: it depends on engine and version.
    """
    own = one.type == INSTANCE
    path, kind = ("parameterGroupName", GROUP) if own else ("dbClusterParameterGroupName", CLUSTER_GROUP)
    groups = stack.referents(one, path, [kind]) or _by_name(look(one.props, path), kind, stack)
    if len(groups) == 1:
        yield from _forced(one, groups[0])
    elif groups or look(one.props, path) is UNKNOWN:
        yield undetermined(path)
    else:
        found = "not set, so a default group" if look(one.props, path) is ABSENT else "a group that is not declared"
        yield fail(path, found, f"name a {kind.rpartition(':')[2]} of this stack that forces TLS")


def _by_name(name: object, kind: str, stack: Stack) -> tuple[Resource, ...]:
    return tuple(one for one in stack.of([kind]) if isinstance(name, str) and name and look(one.props, "name") == name)


def _forced(one: Resource, group: Resource) -> Iterator[Problem]:
    """One parameter of the group is that of the engine, and on; a replica takes its engine from its source."""
    engine, kind = text(one.props, "engine"), group.type.rpartition(":")[2]
    wanted = {FORCING[part] for part in FORCING if part in engine} if engine else set(FORCING.values())
    if not wanted:
        yield fail(
            "engine", "no parameter of this engine forces TLS", "use an option group, and say so as an exception"
        )
        return
    said = items(group.props, "parameters")
    names = {where: look(group.props, f"{where}.name") for where, _ in said}
    values = {where: look(group.props, f"{where}.value") for where, name in names.items() if name in wanted}
    where = next(iter(values), "parameters")
    if any(_on(value) for value in values.values()):
        return
    if UNKNOWN in values.values() or (not values and (UNKNOWN in names.values() or UNKNOWN in (v for _, v in said))):
        yield undetermined(f"{kind}.{where}")
    else:
        found = f"the group {group.name} lets clients connect in clear" if values else f"{group.name} does not say it"
        yield fail(f"{kind}.{where}", found, f"set {' or '.join(sorted(wanted))} to 1")


def _on(value: object) -> bool:
    return value is True or str(value).lower().removesuffix(".0") in ON
