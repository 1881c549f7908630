"""What the account tells of a thing that a change would take."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from seedbed import data
from seedbed.account import Account
from seedbed.cluster import ClusterError, holdings, open_cluster
from seedbed.engine_run import Change
from seedbed.services import databases


@dataclass(frozen=True)
class Stake:
    """A change that takes something which nobody can make again."""

    change: Change
    holds: str
    """What the account tells of it, in words."""

    in_the_way: bool = False
    """Whether AWS will not delete it as it is: a bucket or repository that is not empty, or nobody knows."""


def _bucket(account: Account, id_: str) -> tuple[str, bool]:
    held = data.in_bucket(account, id_)
    return (f"bucket {id_}: {held.amount}", True) if held else (f"bucket {id_}: empty", False)


def _repository(account: Account, id_: str) -> tuple[str, bool]:
    held = data.in_repository(account, id_)
    return (f"image repository {id_}: {held.amount}", True) if held else (f"image repository {id_}: empty", False)


def _database(account: Account, id_: str) -> tuple[str, bool]:
    for about in databases.instances(account):
        if id_ in databases.ids(about):
            held = data.in_database(about)
            version = about.get("EngineVersion", "")
            return f"database {held.name}: {about.get('Engine', '')} {version}, {held.amount}".replace(" ,", ","), False
    return f"database {id_}: not there any more", False


def _key(account: Account, id_: str) -> tuple[str, bool]:
    about = account.client("kms").describe_key(KeyId=id_)["KeyMetadata"]
    aliases = sorted(a["AliasName"] for a in account.pages("kms", "list_aliases", "Aliases", KeyId=about["KeyId"]))
    stores = sorted(_encrypted(account, {about["KeyId"], about["Arn"], *aliases}))
    under = f"encrypts {', '.join(stores)}" if stores else "encrypts no store of this environment"
    return f"key {', '.join(aliases) or id_}: {under}", False


def _encrypted(account: Account, names: set[str]) -> Iterable[str]:
    """The environment's stores under a key, by any of its names."""

    def under(key: str | None) -> bool:
        return bool(key) and (key in names or str(key).rpartition("/")[2] in names)

    s3 = account.client("s3")
    for name in data.own(account, "bucket"):
        rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        if any(under((rule.get("ApplyServerSideEncryptionByDefault") or {}).get("KMSMasterKeyID")) for rule in rules):
            yield f"bucket {name}"
    for one in account.pages("ecr", "describe_repositories", "repositories"):
        if one["repositoryName"].startswith(f"{account.prefix}/") and under(
            (one.get("encryptionConfiguration") or {}).get("kmsKey")
        ):
            yield f"image repository {one['repositoryName']}"
    for one in account.pages("logs", "describe_log_groups", "logGroups"):
        if under(one.get("kmsKeyId")):
            yield f"log group {one['logGroupName']}"
    for one in databases.instances(account):
        if under(one.get("KmsKeyId")):
            yield f"database {one['DBInstanceIdentifier']}"


def _cluster(account: Account, id_: str) -> tuple[str, bool]:
    eks = account.client("eks")
    about = eks.describe_cluster(name=id_)["cluster"]
    groups = list(account.pages("eks", "list_nodegroups", "nodegroups", clusterName=id_))
    auto = (about.get("computeConfig") or {}).get("enabled")
    nodes = "nodes of EKS Auto Mode" if auto else f"node groups {', '.join(groups) or 'none'}"
    return f"cluster {id_}: Kubernetes {about['version']}, {nodes}, everything that runs in it", False


def _namespace(account: Account, id_: str) -> tuple[str, bool]:
    return holdings.in_namespace(open_cluster(account), id_), False


def _claim(account: Account, id_: str) -> tuple[str, bool]:
    return holdings.in_claim(open_cluster(account), id_), False


def _definition(account: Account, id_: str) -> tuple[str, bool]:
    return holdings.of_kind(open_cluster(account), id_), False


GUARDED: dict[str, Callable[[Account, str], tuple[str, bool]]] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketV2:BucketV2": _bucket,
    "aws:ecr/repository:Repository": _repository,
    "aws:rds/instance:Instance": _database,
    "aws:kms/key:Key": _key,
    "aws:eks/cluster:Cluster": _cluster,
    "kubernetes:core/v1:Namespace": _namespace,
    "kubernetes:core/v1:PersistentVolumeClaim": _claim,
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": _definition,
}
"""How to look at what `up` takes only when it is told to by name, by type token."""


def guarded(changes: Iterable[Change]) -> list[Change]:
    """Those of the changes that take something which `up` takes only when told to."""
    return [change for change in changes if change.type in GUARDED and change.id]


def look(open_account: Callable[[], Account], changes: Iterable[Change]) -> list[Stake]:
    """What would be lost with each guarded change, as far as the account tells; asks nobody where there is none."""
    found = guarded(changes)
    if not found:
        return []
    try:
        account = open_account()
    except (BotoCoreError, ClientError) as error:
        return [Stake(change, f"{change.id}: unknown, {error}", in_the_way=True) for change in found]
    return [_stake(account, change) for change in found]


def _stake(account: Account, change: Change) -> Stake:
    try:
        return Stake(change, *GUARDED[change.type](account, change.id))
    except (BotoCoreError, ClientError) as error:
        return Stake(change, f"{change.id}: unknown, {error}", in_the_way=True)
    except ClusterError as error:
        # What is in a cluster goes when it is told to; what the cluster does not tell keeps nobody from deleting it.
        return Stake(change, f"{change.id}: unknown, {error}")
