"""Databases: under our key, private, backed up for a time, hard to lose, without a password in code."""

from collections.abc import Iterator

from policies.customer_keys import KEY, customer_key
from policies.log_groups import LOG_GROUP, declared
from policies.reading import as_list
from policies.routes import ROUTING, SUBNET, VPC, may_be_public, public
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    is_off,
    is_on,
    literal,
    look,
    number,
    parts,
    present,
    text,
    undetermined,
    word,
)

INSTANCE, CLUSTER = "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"
MEMBER, SUBNETS = "aws:rds/clusterInstance:ClusterInstance", "aws:rds/subnetGroup:SubnetGroup"

STATEMENT_LOGS = {"postgres": ("postgresql",), "mysql": ("audit", "general"), "mariadb": ("audit", "general")}
"""Log exports that hold statements, by the end of the engine's name (RDS user guide, "Publishing database logs")."""

INSIGHTS_DAYS = 7
"""History of Performance Insights when none is given (API_CreateDBInstance)."""


@control(
    "RDS-01",
    title="Databases are encrypted under our key",
    kind="stack",
    severity="high",
    types=(INSTANCE, CLUSTER, KEY, MEMBER),
    subjects=(INSTANCE, CLUSTER, MEMBER),
    basis=("32(1)(a)", "5(1)(e)"),
    refs=("securityhub:RDS.3", "securityhub:RDS.27", "CKV_AWS_16", "CKV_AWS_327", "CKV_AWS_354", "trivy:AWS-0079",
          "trivy:AWS-0080", "trivy:AWS-0078", "prowler:rds_instance_storage_encrypted"),
)  # fmt: skip
def databases_use_a_customer_key(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """storageEncrypted is true, which it is not by default, with a key of this stack or of the register {keys};
    Performance Insights, if on, has such a key too and a history of at most {insightsDays} days, because it keeps the
    text of queries.
    """
    yield from parts(_storage(one, stack, given), _insights(one, stack, given))


def _storage(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    if one.type == MEMBER:
        return
    fix = "set storageEncrypted to true; an existing database is encrypted by way of a copied snapshot"
    yield from expect(one.props, "storageEncrypted", is_on, "storage is not encrypted", fix, default=False)
    if not is_off(look(one.props, "storageEncrypted")):
        yield from customer_key(one, "kmsKeyId", stack, given.get("keys", ()), "RDS.keys")


def _insights(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    if not is_on(literal(one.props, "performanceInsightsEnabled", False)):
        return
    yield from customer_key(one, "performanceInsightsKmsKeyId", stack, given.get("keys", ()), "RDS.keys")
    path, most = "performanceInsightsRetentionPeriod", given.get("insightsDays", INSIGHTS_DAYS)
    days = INSIGHTS_DAYS if look(one.props, path) is ABSENT else number(one.props, path)
    if days is None or days > most:
        yield fail(path, "the text of queries is kept longer than allowed", f"set {most} days or fewer")


@control(
    "RDS-02",
    title="Databases are private",
    kind="stack",
    severity="critical",
    types=(INSTANCE, MEMBER, CLUSTER, SUBNETS, SUBNET, *ROUTING),
    subjects=(INSTANCE, MEMBER, CLUSTER),
    basis=("32(1)(b)", "25(2)"),
    refs=("securityhub:RDS.2", "securityhub:RDS.18", "CKV_AWS_17", "trivy:AWS-0180",
          "prowler:rds_instance_no_public_access", "prowler:rds_instance_inside_vpc"),
)  # fmt: skip
def databases_are_private(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """publiclyAccessible is off, and the subnet group holds nothing but private subnets of one VPC: of this stack (no
    public addresses, no route to an internet gateway in a table of their own or else in the main one of their VPC), or
    registered as private in the configuration. Without a group a database lands in the default VPC; a replica and a
    member of a cluster follow the one they belong to.
    """
    found, fix = "it has a public address", "set publiclyAccessible to false"
    off = expect(one.props, "publiclyAccessible", is_off, found, fix, default=False)
    yield from parts(() if one.type == CLUSTER else off, _placed(one, stack, given))


def _placed(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    path, fix = "dbSubnetGroupName", "name a SubnetGroup of this stack with private subnets"
    groups = stack.referents(one, path, [SUBNETS])
    if not groups:
        name = look(one.props, path)
        groups = tuple(found for found in stack.of([SUBNETS]) if isinstance(name, str) and _name(found) == name)
        if not groups and name is UNKNOWN:
            yield undetermined(path)
        elif not groups and (name is not ABSENT or not _follows(one)):
            yield fail(path, "not set, so the default VPC" if name is ABSENT else "a group that is not declared", fix)
    for group in groups:
        yield from _private(group, stack, given)


def _name(group: Resource) -> object:
    return look(group.props, "name")


def _follows(one: Resource) -> bool:
    return (
        one.type == MEMBER
        or present(one.props, "replicateSourceDb")
        or present(one.props, "replicationSourceIdentifier")
    )


def _private(group: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    path, behind = "subnetIds", stack.referents(group, "subnetIds", [SUBNET])
    where = f"SubnetGroup.{path}"
    for subnet in behind:
        if public(subnet, stack):
            fix = "use subnets whose route table leads to no internet gateway"
            yield fail(where, f"the subnet {subnet.name} is public", fix)
        elif may_be_public(subnet):
            yield undetermined("Subnet.mapPublicIpOnLaunch")
    if _apart(behind, stack):
        yield fail(where, "subnets of more than one VPC", "use subnets of the database's own VPC")
    ids = as_list(look(group.props, path))
    others = [one for one in ids if one not in given.get("subnets", ())]
    # After the deployment the ids of this stack's own subnets are known too; each entry stands for one that is behind.
    if look(group.props, path) is UNKNOWN:
        yield from () if behind else (undetermined(where),)
    elif not ids:
        yield fail(where, "no subnet", "name private subnets in two zones")
    elif len(others) > len(behind) and any(one is not UNKNOWN for one in others):
        found = "a subnet that is neither of this stack nor registered as private"
        yield fail(where, found, "register its id under RDS-02.subnets, or use a subnet of this stack")
    elif len(others) > len(behind):
        yield undetermined(where)


def _apart(subnets: tuple[Resource, ...], stack: Stack) -> bool:
    """Whether subnets are of several VPCs, by what their `vpcId` comes from or by its literal value."""
    proven = {found[0].urn for one in subnets if len(found := stack.referents(one, "vpcId", [VPC])) == 1}
    written = {word(one.props, "vpcId") for one in subnets} - {UNKNOWN, ""}
    return len(proven) > 1 or len(written) > 1


@control(
    "RDS-04",
    title="Backups exist, and end",
    kind="resource",
    severity="medium",
    types=(INSTANCE, CLUSTER),
    basis=("32(1)(c)", "5(1)(e)", "17(1)"),
    refs=("securityhub:RDS.11", "CKV_AWS_133", "trivy:AWS-0077", "prowler:rds_instance_backup_enabled"),
)
def backups_exist_and_end(one: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """backupRetentionPeriod is {minDays} to {maxDays} days; automated backups go with the database; the final snapshot,
    unless there is none, has a name, by which its owner finds and deletes it.
    """
    yield from parts(_backups(one, given), _leftovers(one), _last_snapshot(one))


def _backups(one: Resource, given: Parameters) -> Iterator[Problem]:
    path, least, most = "backupRetentionPeriod", given.get("minDays", 7), given.get("maxDays", 35)
    if present(one.props, "replicateSourceDb") and look(one.props, path) is ABSENT:
        return
    days = number(one.props, path)
    if days is None or not least <= days <= most:
        found = "not set, so what the service does" if look(one.props, path) is ABSENT else "outside the allowed range"
        yield fail(path, found, f"set {least} to {most} days")


def _leftovers(one: Resource) -> Iterator[Problem]:
    fix = "remove it, or set it to true"
    yield from expect(one.props, "deleteAutomatedBackups", is_on, "backups outlive the database", fix, default=True)


def _last_snapshot(one: Resource) -> Iterator[Problem]:
    skipped, path = look(one.props, "skipFinalSnapshot"), "finalSnapshotIdentifier"
    if is_on(skipped) or present(one.props, path):
        return
    if skipped is UNKNOWN:
        yield undetermined("skipFinalSnapshot")
    else:
        yield fail(path, "the final snapshot has no name", "set a name, which says whose database it was")


@control(
    "RDS-05",
    title="Production databases resist accidents",
    kind="resource",
    severity="medium",
    types=(INSTANCE, CLUSTER),
    basis=("32(1)(b)", "32(1)(c)"),
    refs=("securityhub:RDS.5", "securityhub:RDS.7", "securityhub:RDS.8", "securityhub:RDS.13", "securityhub:RDS.17",
          "CKV_AWS_293", "CKV_AWS_139", "CKV_AWS_157", "CKV_AWS_226", "CKV2_AWS_60", "trivy:AWS-0177", "trivy:AWS-0343",
          "prowler:rds_instance_deletion_protection", "prowler:rds_instance_multi_az"),
)  # fmt: skip
def databases_resist_accidents(one: Resource, _: Stack, __: Parameters) -> Iterator[Problem]:
    """deletionProtection and copyTagsToSnapshot are on (the copy keeps class and retention) and, on an instance,
    multiAz and autoMinorVersionUpgrade; only the last is on by default. A cluster spreads and upgrades by its members.
    """
    asked = {
        "deletionProtection": (False, "one call deletes it"),
        "copyTagsToSnapshot": (False, "snapshots lose class and retention"),
        "multiAz": (False, "it stops with its zone"),
        "autoMinorVersionUpgrade": (True, "fixes wait for somebody"),
    }
    for path, (default, found) in asked.items():
        if one.type == INSTANCE or path in ("deletionProtection", "copyTagsToSnapshot"):
            yield from expect(one.props, path, is_on, found, f"set {path} to true", default=default)


@control(
    "RDS-06",
    title="No database password in code or state",
    kind="stack",
    severity="high",
    types=(INSTANCE, CLUSTER, LOG_GROUP),
    subjects=(INSTANCE, CLUSTER),
    basis=("32(1)(b)", "32(1)(d)"),
    refs=("securityhub:RDS.9", "securityhub:RDS.10", "securityhub:RDS.36", "CKV_AWS_161", "CKV_AWS_129", "CKV2_AWS_30",
          "trivy:AWS-0176", "prowler:rds_instance_iam_authentication_enabled",
          "prowler:rds_instance_integration_cloudwatch_logs"),
)  # fmt: skip
def passwords_are_nowhere(one: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """The master password is made by the service (manageMasterUserPassword) or goes through a write-only input, never
    through one that ends in the state; IAM authentication is on; the log of statements goes to a declared log group.
    """
    found, fix = "only passwords open it", "set iamDatabaseAuthenticationEnabled to true"
    iam = expect(one.props, "iamDatabaseAuthenticationEnabled", is_on, found, fix, default=False)
    yield from parts(_credential(one), iam, _statement_logs(one, stack))


def _credential(one: Resource) -> Iterator[Problem]:
    path = "password" if one.type == INSTANCE else "masterPassword"
    managed = look(one.props, "manageMasterUserPassword")
    if present(one.props, path):
        yield fail(path, "a password, which ends in the state", "remove it and set manageMasterUserPassword to true")
    elif is_on(managed) or present(one.props, f"{path}Wo") or _follows(one):
        return
    elif managed is UNKNOWN:
        yield undetermined("manageMasterUserPassword")
    else:
        yield fail("manageMasterUserPassword", "nothing says who makes the password", "set it to true")


def _statement_logs(one: Resource, stack: Stack) -> Iterator[Problem]:
    path, engine = "enabledCloudwatchLogsExports", text(one.props, "engine")
    exports = literal(one.props, path, [])
    wanted = next((logs for name, logs in STATEMENT_LOGS.items() if name in engine), ())
    known = [log for log in as_list(exports) if isinstance(log, str)]
    if not (set(wanted) & set(known) if wanted else known):
        if UNKNOWN in as_list(exports):
            yield undetermined(path)
        else:
            fix = f"export {' or '.join(wanted)}" if wanted else "export the engine's logs"
            yield fail(path, "statements are not logged to CloudWatch", fix)
    kind, name = ("instance", "identifier") if one.type == INSTANCE else ("cluster", "clusterIdentifier")
    for log in known:
        yield from declared(one, name, f"/aws/rds/{kind}/{{}}/{log}", stack)
