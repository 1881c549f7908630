"""Names of what an environment makes: fixed by its settings, so that policy documents are literal at preview."""

LONGEST_BUCKET_NAME = 63
"""S3 user guide, "bucket naming rules"."""

LONGEST_MIRROR_PREFIX = 30
"""ECR API reference, CreatePullThroughCacheRule, ecrRepositoryPrefix."""


def prefix(system: str, environment: str) -> str:
    """Start of every name in the account."""
    return f"{system}-{environment}"


def bucket(system: str, environment: str, account: str, noun: str) -> str:
    """Bucket of the environment's `noun` (logs, artifacts); the account makes it unique among all of S3."""
    return f"{prefix(system, environment)}-{noun}-{account}"


def dataset_bucket(system: str, environment: str, account: str, dataset: str) -> str:
    """Bucket of a data set; `data-` keeps a data set named artifacts apart from the artifacts."""
    return bucket(system, environment, account, f"data-{dataset}")


def capture_bucket(system: str, environment: str, account: str, endpoint: str) -> str:
    """Bucket of the kept traffic of an endpoint; no two endpoints of either kind have one name."""
    return bucket(system, environment, account, f"capture-{endpoint}")


def mirror_prefix(system: str, environment: str, mirror: str) -> str:
    """Namespace of an image mirror in the registry."""
    return f"{prefix(system, environment)}/{mirror}"
