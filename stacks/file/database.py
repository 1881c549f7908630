"""The model of the key `database`."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.file.vocabulary import DatabaseClass, DataClass, LogRetentionDays, Part

LARGEST_STORAGE_GIB = 65536
"""RDS user guide, "Amazon RDS DB instance storage", gp3 for PostgreSQL."""


class Database(Part):
    """A PostgreSQL database for experiment tracking, in the private subnets."""

    instance_class: DatabaseClass = "db.t4g.medium"
    """Size of the machine."""

    engine_version: Literal["15", "16", "17"] = "16"
    """Major version of PostgreSQL; minor versions come by themselves in the maintenance window."""

    storage_gib: Annotated[int, Field(ge=20, le=LARGEST_STORAGE_GIB)] = 20
    """Storage at the start, gp3 (RDS: 20 to 65536 GiB). It grows and never shrinks."""

    max_storage_gib: Annotated[int, Field(ge=22, le=LARGEST_STORAGE_GIB)] = 100
    """Size up to which the storage grows by itself; at least a tenth more than `storageGib` (RDS, storage
    autoscaling)."""

    backup_days: Annotated[int, Field(ge=1, le=35)] = 7
    """Days back to which the database can be restored, to the second (RDS: up to 35). Backups go with the database,
    after a last snapshot."""

    multi_az: bool = False
    """Keep a standby in a second zone that takes over by itself."""

    classification: Literal["internal", "confidential"] = "internal"
    """How sensitive the contents are: decides the key. Personal data belongs into data sets."""

    log_retention_days: LogRetentionDays = 90
    """Days that the database's logs are kept."""

    @property
    def data_class(self) -> DataClass:
        """The classification as tags and policies write it."""
        return self.classification
