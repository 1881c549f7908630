"""Container images."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.account import arn, dns_suffix, policy_document, service_trust


@dataclass(frozen=True, kw_only=True)
class ImageRegistryArgs:
    prefix: str
    """Namespace of the repositories and of the mirrors: `{prefix}/{repository}`."""

    repositories: Sequence[str]

    keep_images: int
    """Images kept in each repository; the oldest go first."""

    mirrors: Mapping[str, str]
    """Public registries mirrored on first pull, by the name that stands behind the prefix: host of the registry."""

    mirror_credentials: Mapping[str, str]
    """ARN of the Secrets Manager secret with the upstream's user and token, by mirror that asks for one."""

    kms_key_arn: pulumi.Input[str]
    """Key that encrypts every image."""

    kms_alias: str
    """Alias of that key, by which the mirrors' policy names it."""

    account: str
    """Account of the registry, 12 digits."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the mirrors' role, by ARN; None where nothing but IAM itself does."""

    protect: bool
    """Whether the engine refuses to delete a repository."""

    tags: Mapping[str, str]


class ImageRegistry(pulumi.ComponentResource):
    """Images that never change under their tag and are scanned when they arrive; public ones come through mirrors."""

    repository_urls: dict[str, pulumi.Output[str]]
    mirror_urls: dict[str, str]
    """What to write instead of the public registry's host, by mirror."""

    def __init__(self, name: str, args: ImageRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:images:ImageRegistry", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        lifecycle = json.dumps(lifecycle_policy(args.keep_images))
        self.repository_urls = {}
        for repository in args.repositories:
            made = aws.ecr.Repository(
                f"{name}-{repository}",
                name=f"{args.prefix}/{repository}",
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration={"scan_on_push": True},
                encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.kms_key_arn}],
                tags=args.tags,
                opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
            )
            aws.ecr.LifecyclePolicy(
                f"{name}-{repository}-lifecycle", repository=made.name, policy=lifecycle, opts=child
            )
            self.repository_urls[repository] = made.repository_url

        if args.mirrors:
            self._mirrors(name, args, lifecycle)
        registry = f"{args.account}.dkr.ecr.{args.region}.{dns_suffix(args.region)}"
        self.mirror_urls = {mirror: f"{registry}/{args.prefix}/{mirror}" for mirror in args.mirrors}

        self.register_outputs({"repository_urls": self.repository_urls, "mirror_urls": self.mirror_urls})

    def _mirrors(self, name: str, args: ImageRegistryArgs, lifecycle: str) -> None:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-mirror-role",
            name=f"{args.prefix}-image-mirror",
            description="Lets ECR make the repositories of its mirrors",
            assume_role_policy=json.dumps(service_trust("ecr.amazonaws.com", args.account)),
            permissions_boundary=args.permissions_boundary,
            tags=args.tags,
            opts=child,
        )
        make = aws.iam.RolePolicy(
            f"{name}-mirror-make",
            name="make-repositories",
            role=role.name,
            policy=json.dumps(mirror_policy(args)),
            opts=child,
        )
        for mirror, upstream in args.mirrors.items():
            template = aws.ecr.RepositoryCreationTemplate(
                f"{name}-{mirror}-template",
                prefix=f"{args.prefix}/{mirror}",
                description=f"Repositories that mirror {upstream}",
                applied_fors=["PULL_THROUGH_CACHE"],
                image_tag_mutability="IMMUTABLE",
                encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.kms_key_arn}],
                lifecycle_policy=lifecycle,
                custom_role_arn=role.arn,
                resource_tags=args.tags,
                # The role is of no use to a template before it may do its work.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[make]),
            )
            aws.ecr.PullThroughCacheRule(
                f"{name}-{mirror}",
                ecr_repository_prefix=f"{args.prefix}/{mirror}",
                upstream_registry_url=upstream,
                credential_arn=args.mirror_credentials.get(mirror),
                # A repository made before its template would be neither immutable nor under our key; and a prefix has
                # one rule, so that a rule with another upstream is made when the old one is gone.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[template], delete_before_replace=True),
            )


def mirror_policy(args: ImageRegistryArgs) -> dict[str, Any]:
    """What ECR needs to make a mirror's repository (ECR user guide, "IAM role for repository creation templates")."""
    return policy_document(
        {
            "Effect": "Allow",
            "Action": ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
            "Resource": arn("ecr", args.region, args.account, f"repository/{args.prefix}/*"),
        },
        {
            "Effect": "Allow",
            "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
            "Resource": arn("kms", args.region, args.account, "key/*"),
            "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": args.kms_alias}},
        },
    )


def lifecycle_policy(keep_images: int) -> dict[str, Any]:
    """ECR lifecycle policy that keeps the newest `keep_images`, and an image without a tag for a day."""
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": "Images without a tag go after a day",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 1,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2,
                "description": f"The newest {keep_images} images stay",
                "selection": {
                    "tagStatus": "any",
                    "countType": "imageCountMoreThan",
                    "countNumber": keep_images,
                },
                "action": {"type": "expire"},
            },
        ]
    }
