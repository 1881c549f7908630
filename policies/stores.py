"""Stores: what holds data, how it is called, and whose keys encrypt it."""

from collections.abc import Iterable, Mapping

from policies.customer_keys import ALIAS, KEY
from policies.reading import look
from policies.stack import BUCKET, UNKNOWN, Resource, Stack
from policies.tags import PERSONAL, tag

TABLE = "aws:dynamodb/table:Table"
FEATURE_GROUP = "aws:sagemaker/featureGroup:FeatureGroup"
DATABASE, CLUSTER = "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"
FILES, LUSTRE = "aws:efs/fileSystem:FileSystem", "aws:fsx/lustreFileSystem:LustreFileSystem"
STORES = (*BUCKET, DATABASE, CLUSTER, FILES, LUSTRE, TABLE, FEATURE_GROUP)

ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)
VERSIONING = ("aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2")

NAMES: Mapping[str, str] = {
    **dict.fromkeys(BUCKET, "bucket"),
    DATABASE: "identifier",
    CLUSTER: "clusterIdentifier",
    FILES: "creationToken",
    TABLE: "name",
    FEATURE_GROUP: "featureGroupName",
}
"""The input that names a store in its service; an FSx file system has none."""

ENCRYPTED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(BUCKET, ("serverSideEncryptionConfiguration",)),
    **dict.fromkeys((DATABASE, CLUSTER, FILES, LUSTRE), ("kmsKeyId",)),
    TABLE: ("serverSideEncryption",),
    FEATURE_GROUP: ("offlineStoreConfig", "onlineStoreConfig"),
}
"""The inputs of a store that lead to its keys; those of a bucket usually stand in a resource of their own."""


def personal(store: Resource, stack: Stack) -> str:
    """The class of a store with personal data, or empty; raises UndeterminedError when it is unknown."""
    value = tag(store, stack, "data-class")
    return value if value in PERSONAL else ""


def called(store: Resource) -> str | None:
    """The name of a store in its service, of one that needs none the resource's; None where it is unknown."""
    value = look(store.props, NAMES[store.type]) if store.type in NAMES else store.name
    if value is UNKNOWN:
        return None
    return value if isinstance(value, str) and value else store.name


def keys_of(store: Resource, stack: Stack) -> tuple[Resource, ...]:
    """Keys of this stack that encrypt a store, proven by dependency, through an alias too."""
    holders = [(store, path) for path in ENCRYPTED.get(store.type, ())]
    if store.type in BUCKET:
        holders += [(one, "rules") for one in stack.joined(store, ENCRYPTION, "bucket")]
    found = {one.urn: one for holder, path in holders for one in _keys(holder, path, stack)}
    return tuple(found[urn] for urn in sorted(found))


def _keys(holder: Resource, path: str, stack: Stack) -> Iterable[Resource]:
    for one in stack.referents(holder, path, (KEY, ALIAS)):
        yield from [one] if one.type == KEY else stack.referents(one, "targetKeyId", [KEY])
