"""The models of the key `seedbed:environment`."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from stacks.file.audit import Audit
from stacks.file.cluster import Cluster
from stacks.file.database import Database
from stacks.file.delivery import Delivery
from stacks.file.monitoring import Budget, Monitoring
from stacks.file.network import ExistingNetwork, NewNetwork, form
from stacks.file.pools import Pool
from stacks.file.serving import SageMakerEndpoint
from stacks.file.teams import Team
from stacks.file.tracking import Tracking
from stacks.file.vocabulary import (
    Classification,
    Code,
    DataClass,
    Days,
    Email,
    LegalBasis,
    MirrorSecretArn,
    Name,
    Part,
    RepositoryName,
    RetentionDays,
    RoleArn,
    SpecialCondition,
    System,
    TagText,
)
from stacks.file.workloads import Endpoint, Pipeline

OPEN_MIRRORS = ("public.ecr.aws", "quay.io", "registry.k8s.io")
"""Registries that let anybody pull (ECR user guide, "pull through cache")."""

Upstream = Literal[
    "public.ecr.aws", "quay.io", "registry.k8s.io", "ghcr.io", "registry-1.docker.io", "registry.gitlab.com"
]


class Controller(Part):
    """Who decides why and how personal data is processed (GDPR Art. 4(7))."""

    name: TagText
    """Name of the company or body."""

    contact: Email
    """Where a person or an authority writes to (GDPR Art. 30(1)(a))."""


class Keys(Part):
    """How the KMS keys are kept; there is one a data class."""

    administrators: Annotated[tuple[RoleArn, ...], Field(strict=False, max_length=10)] = ()
    """IAM roles of this account that may administer the keys but not use them; none leaves it to the account's IAM."""

    deletion_window_days: Annotated[int, Field(ge=7, le=30)] = 30
    """Days in which a key's deletion can be called off (KMS: 7 to 30)."""

    rotation_days: Annotated[int, Field(ge=90, le=2560)] = 365
    """Days between rotations of the key material (KMS: 90 to 2560)."""


def _noncurrent_days(given: dict[str, Any]) -> int:
    retention = given["retention_days"]
    return 30 if retention is None else min(30, retention - 1)


class Dataset(Part):
    """A data set: one bucket with what its contents ask for."""

    name: Name
    """Unique in the environment; part of the bucket's name."""

    classification: Classification
    """How sensitive the contents are; there is no default. What was stored before a change stays under the key of its
    old class and has to be written anew before teams read it (docs/decisions/0004)."""

    origin: Literal["real", "pseudonymised", "synthetic"] = "real"
    """Where the records come from; outside production the policies refuse real personal data."""

    purpose: TagText | None = None
    """Why the data is processed (GDPR Art. 5(1)(b)); needed from `personal` on."""

    legal_basis: LegalBasis | None = None
    """Why that is lawful (GDPR Art. 6(1)); needed from `personal` on."""

    special_condition: SpecialCondition | None = None
    """Which exception lets special categories be processed (GDPR Art. 9(2)(a) to (j)); needed for `special-category`,
    refused for any other."""

    retention_days: RetentionDays | None = None
    """Days after which an object is gone with all its versions (GDPR Art. 5(1)(e)); needed from `personal` on. Without
    it objects stay."""

    noncurrent_days: Annotated[int, Field(ge=1, le=3649)] = Field(default_factory=_noncurrent_days)
    """Days that an overwritten or deleted object can be brought back; they count towards `retentionDays`, so fewer.
    Default: 30, or one less than `retentionDays` where that is smaller."""

    archive_after_days: Annotated[int, Field(ge=1, le=3649)] | None = None
    """Days after which objects move to Glacier Instant Retrieval; fewer than `retentionDays`."""

    register_id: TagText | None = None
    """Entry in the record of processing activities (GDPR Art. 30)."""

    recipients: Annotated[tuple[Code, ...], Field(strict=False, max_length=10)] = ()
    """Codes of those who receive the data (GDPR Art. 30(1)(d))."""

    erasure_path: Code | None = None
    """Code of the way in which a person's data is erased on request (GDPR Art. 17)."""

    @property
    def data_class(self) -> DataClass:
        """The classification as tags and policies write it."""
        return "special" if self.classification == "special-category" else self.classification


class Artifacts(Part):
    """The bucket of models and other results."""

    classification: Literal["internal", "confidential"] = "internal"
    """How sensitive the contents are."""

    noncurrent_days: Days = 90
    """Days that an overwritten or deleted artifact can be brought back."""

    @property
    def data_class(self) -> DataClass:
        """The classification as tags and policies write it."""
        return self.classification


class Logs(Part):
    """The bucket that receives the access logs of all others."""

    retention_days: Annotated[int, Field(ge=30, le=3650)] = 365
    """Days that an access log is kept."""


class Mirror(Part):
    """A public registry that images are pulled through."""

    name: Name
    """Unique in the environment; images are pulled as `{system}-{environment}/{name}/...`."""

    upstream: Upstream
    """Host of the registry."""

    credential_arn: MirrorSecretArn | None = None
    """Secret with the user and token for an upstream that asks for one (ghcr.io, registry-1.docker.io,
    registry.gitlab.com), in the environment's account and region."""


class Images(Part):
    """The image registry."""

    repositories: Annotated[tuple[RepositoryName, ...], Field(strict=False, min_length=1)] = ("serving", "training")
    """Repositories, named behind `{system}-{environment}/`."""

    keep_images: Annotated[int, Field(ge=1, le=1000)] = 50
    """Images kept in each repository; the oldest go first."""

    mirrors: Annotated[tuple[Mirror, ...], Field(strict=False)] = ()
    """Public registries mirrored on first pull."""


class Environment(Part):
    """Everything that makes one environment differ from another."""

    owner: Email
    """Who answers for the environment; a tag on every resource."""

    system: System = "seedbed"
    """First part of every name, and a tag on every resource."""

    cost_center: TagText | None = None
    """Who pays; a tag on every resource. Default: the system."""

    residency: Literal["eu", "none"]
    """`eu` keeps every store, backup and replica inside the European Economic Area; `none` says that nobody asks for
    it."""

    controller: Controller | None = None
    """Who is responsible for the personal data; written on every personal data store."""

    protect: bool = False
    """Keep stores, keys, database and cluster from being deleted, in the engine and in AWS; to take the environment
    down, lift it with one `up` first."""

    network: Annotated[
        Annotated[NewNetwork, Tag("<new>")] | Annotated[ExistingNetwork, Tag("<existing>")], Discriminator(form)
    ]
    """Where workloads run: a new VPC (`cidr`, `zones`, `egress`) or an existing one (`existing`), not both."""

    keys: Keys = Keys()
    """How the encryption keys are kept."""

    datasets: Annotated[tuple[Dataset, ...], Field(strict=False)] = ()
    """Data sets, each in a bucket of its own."""

    artifacts: Artifacts = Artifacts()
    """The bucket of models and other results."""

    logs: Logs = Logs()
    """The bucket of access logs."""

    images: Images = Images()
    """The image registry."""

    teams: Annotated[tuple[Team, ...], Field(strict=False)] = ()
    """Teams, the data that they may open and what they may use of the cluster."""

    database: Database | None = None
    """The database for experiment tracking; none without the key."""

    cluster: Cluster | None = None
    """The Kubernetes cluster; none without the key."""

    pools: Annotated[tuple[Pool, ...], Field(strict=False, max_length=50)] = ()
    """Nodes that come and go with the work, by kind. Needs `cluster`."""

    tracking: Tracking | None = None
    """The server for experiments and models; none without the key. Needs `cluster` and `database`."""

    pipelines: Annotated[tuple[Pipeline, ...], Field(strict=False, max_length=200)] = ()
    """Training that is queued, on a schedule or on demand. Needs `cluster`."""

    endpoints: Annotated[tuple[Endpoint, ...], Field(strict=False, max_length=200)] = ()
    """Models behind addresses in the cluster. Needs `cluster` and `tracking`."""

    sagemaker_endpoints: Annotated[tuple[SageMakerEndpoint, ...], Field(strict=False)] = ()
    """Models behind endpoints of SageMaker."""

    audit: Audit = Audit()
    """Who did what."""

    delivery: Delivery | None = None
    """Who deploys from GitHub; without the key nobody does."""

    monitoring: Monitoring = Monitoring()
    """Who hears of alarms, and what is watched inside the cluster."""

    budget: Budget | None = None
    """What the environment may cost; the policies ask for it."""
