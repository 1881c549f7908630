"""State: protected in the engine and in the service."""

from collections.abc import Iterator, Mapping

from policies.rule import BUCKET, Parameters, Problem, Resource, Stack, control, expect, fail, is_off, is_on, parts

KEY = "aws:kms/key:Key"
SWITCHES: Mapping[str, tuple[str, ...]] = {
    "aws:dynamodb/table:Table": ("deletionProtectionEnabled",),
    "aws:eks/cluster:Cluster": ("deletionProtection",),
}
"""Switches of the service that keep a resource; all are off by default. Those of databases are RDS-05's."""

SHORTCUTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(BUCKET, ("forceDestroy",)),
    "aws:rds/instance:Instance": ("skipFinalSnapshot",),
    "aws:rds/cluster:Cluster": ("skipFinalSnapshot",),
    "aws:fsx/lustreFileSystem:LustreFileSystem": ("skipFinalBackup",),
    "aws:ecr/repository:Repository": ("forceDelete",),
    "aws:backup/vault:Vault": ("forceDestroy",),
}
"""Switches that take the contents with the container."""

DEFAULTS = {"skipFinalBackup": True}
"""Shortcuts that the provider takes when the input is left out."""

FILES, FEATURES = "aws:efs/fileSystem:FileSystem", "aws:sagemaker/featureGroup:FeatureGroup"


@control(
    "BAK-01",
    title="State is not one keystroke from loss",
    kind="resource",
    severity="medium",
    types=tuple(dict.fromkeys((*SHORTCUTS, *SWITCHES, FILES, FEATURES, KEY))),
    basis=("32(1)(b)", "32(1)(c)"),
    refs=("prowler:eks_cluster_deletion_protection_enabled", "securityhub:RDS.8"),
)
def state_is_protected(one: Resource, _: Stack, __: Parameters) -> Iterator[Problem]:
    """Stores, keys, clusters and vaults have the engine's option protect and, where the service has one, deletion
    protection (of databases: RDS-05); forceDestroy, forceDelete, skipFinalSnapshot and skipFinalBackup are off.
    """
    if not one.protect:
        yield fail("", "the engine may delete or replace it", "set the resource option protect")
    on = [
        expect(one.props, path, is_on, "the service deletes it at one call", f"set {path} to true", default=False)
        for path in SWITCHES.get(one.type, ())
    ]
    off = [
        expect(
            one.props,
            path,
            is_off,
            "what it holds goes with it",
            f"set {path} to false",
            default=DEFAULTS.get(path, False),
        )
        for path in SHORTCUTS.get(one.type, ())
    ]
    yield from parts(*on, *off)
