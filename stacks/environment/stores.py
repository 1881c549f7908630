"""Where data, artifacts and images rest."""

from dataclasses import dataclass

import pulumi

from components.access_log import LogStore, LogStoreArgs
from components.images import ImageRegistry, ImageRegistryArgs
from components.storage import ArtifactStore, ArtifactStoreArgs, DatasetStore, DatasetStoreArgs
from stacks.environment.foundation import Foundation
from stacks.settings import Dataset, Settings


@dataclass(frozen=True, kw_only=True)
class Stores:
    artifacts: ArtifactStore
    datasets: dict[str, DatasetStore]
    images: ImageRegistry


def stores(settings: Settings, base: Foundation, opts: pulumi.ResourceOptions) -> Stores:
    """The second layer."""
    env = settings.environment
    logs = LogStore(
        "logs",
        LogStoreArgs(
            bucket_name=settings.bucket("logs"),
            account=settings.account,
            region=settings.region,
            retention_days=env.logs.retention_days,
            tags=settings.tags,
        ),
        opts,
    )
    artifacts = ArtifactStore(
        "artifacts",
        ArtifactStoreArgs(
            bucket_name=settings.bucket("artifacts"),
            region=settings.region,
            kms_key_arn=base.keys.arns[env.artifacts.data_class],
            log_bucket=logs.bucket,
            data_class=env.artifacts.data_class,
            noncurrent_days=env.artifacts.noncurrent_days,
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
            tags=settings.tags,
        ),
        opts,
    )
    datasets = {d.name: _dataset(settings, d, base, logs, opts) for d in env.datasets}
    return Stores(artifacts=artifacts, datasets=datasets, images=images)


def _dataset(
    settings: Settings, dataset: Dataset, base: Foundation, logs: LogStore, opts: pulumi.ResourceOptions
) -> DatasetStore:
    return DatasetStore(
        dataset.name,
        DatasetStoreArgs(
            bucket_name=settings.dataset_bucket(dataset.name),
            account=settings.account,
            region=settings.region,
            kms_key_arn=base.keys.arns[dataset.data_class],
            kms_alias=base.keys.aliases[dataset.data_class],
            log_bucket=logs.bucket,
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
            retention_days=dataset.retention_days,
            noncurrent_days=dataset.noncurrent_days,
            archive_after_days=dataset.archive_after_days,
            tags=settings.tags,
        ),
        opts,
    )
