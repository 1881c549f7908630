"""Where data, artifacts and images rest."""

from dataclasses import dataclass

import pulumi

from components.database import Database, DatabaseArgs
from components.images import ImageRegistry, ImageRegistryArgs
from components.storage import ArtifactStore, ArtifactStoreArgs, DatasetStore, DatasetStoreArgs
from stacks import names
from stacks.environment.foundation import Foundation
from stacks.settings import Dataset, Settings


@dataclass(frozen=True, kw_only=True)
class Stores:
    artifacts: ArtifactStore
    datasets: dict[str, DatasetStore]
    images: ImageRegistry
    database: Database | None


def stores(settings: Settings, base: Foundation, opts: pulumi.ResourceOptions) -> Stores:
    """The second layer."""
    env = settings.environment
    artifacts = ArtifactStore(
        "artifacts",
        ArtifactStoreArgs(
            bucket_name=settings.bucket("artifacts"),
            region=settings.region,
            kms_key_arn=base.keys.arns[env.artifacts.data_class],
            log_bucket=base.logs.bucket,
            data_class=env.artifacts.data_class,
            noncurrent_days=env.artifacts.noncurrent_days,
            protect=settings.protect,
            tags=settings.tags,
        ),
        opts,
    )
    images = ImageRegistry(
        "images",
        ImageRegistryArgs(
            prefix=settings.prefix,
            repositories=env.images.repositories,
            keep_images=env.images.keep_images,
            mirrors={m.name: m.upstream for m in env.images.mirrors},
            mirror_credentials={m.name: m.credential_arn for m in env.images.mirrors if m.credential_arn},
            kms_key_arn=base.keys.arns["internal"],
            kms_alias=base.keys.aliases["internal"],
            account=settings.account,
            region=settings.region,
            permissions_boundary=base.permissions_boundary,
            protect=settings.protect,
            tags=settings.tags,
        ),
        opts,
    )
    datasets = {d.name: _dataset(settings, d, base, opts) for d in env.datasets}
    return Stores(artifacts=artifacts, datasets=datasets, images=images, database=_database(settings, base, opts))


def _database(settings: Settings, base: Foundation, opts: pulumi.ResourceOptions) -> Database | None:
    database = settings.environment.database
    if database is None:
        return None
    return Database(
        "database",
        DatabaseArgs(
            identifier=f"{settings.prefix}-tracking",
            database_name="tracking",
            vpc_id=base.network.vpc_id,
            subnet_ids=base.network.private_subnet_ids,
            engine_version=database.engine_version,
            instance_class=database.instance_class,
            storage_gib=database.storage_gib,
            max_storage_gib=database.max_storage_gib,
            backup_days=database.backup_days,
            multi_az=database.multi_az,
            kms_key_arn=base.keys.arns[database.data_class],
            data_class=database.classification,
            log_retention_days=database.log_retention_days,
            alarm_topic_arn=base.alerts.arn,
            protect=settings.protect,
            tags=settings.tags,
        ),
        opts,
    )


def _dataset(settings: Settings, dataset: Dataset, base: Foundation, opts: pulumi.ResourceOptions) -> DatasetStore:
    return DatasetStore(
        dataset.name,
        DatasetStoreArgs(
            bucket_name=settings.dataset_bucket(dataset.name),
            account=settings.account,
            region=settings.region,
            kms_key_arn=base.keys.arns[names.dataset_key(dataset.name)],
            kms_alias=base.keys.aliases[names.dataset_key(dataset.name)],
            log_bucket=base.logs.bucket,
            teams=[t.name for t in settings.environment.teams if dataset.name in t.datasets],
            data_class=dataset.data_class,
            data_origin=dataset.origin,
            purpose=dataset.purpose,
            legal_basis=dataset.legal_basis,
            special_condition=dataset.special_condition,
            controller=settings.controller,
            register_id=dataset.register_id,
            recipients=dataset.recipients,
            erasure_path=dataset.erasure_path,
            dpia_id=dataset.dpia_id,
            dpia_review=dataset.dpia_review,
            retention_days=dataset.retention_days,
            noncurrent_days=dataset.noncurrent_days,
            archive_after_days=dataset.archive_after_days,
            protect=settings.protect,
            tags=settings.tags,
        ),
        opts,
    )
