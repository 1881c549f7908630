"""Identities of the pipeline that delivers an environment."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from components.account import partition, policy_document
from components.delivery_place import Place
from components.delivery_policies import boundary, deploying, previewing

ISSUER = "token.actions.githubusercontent.com"
"""Who signs the tokens of GitHub's workflows (GitHub documentation, "OpenID Connect in AWS")."""

AUDIENCE = "sts.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class DeliveryIdentityArgs:
    system: str
    """First part of the names of all that the roles may touch, and a tag on it."""

    environment: str
    """Second part of those names, and a tag; also the GitHub environment whose jobs may deploy. Those of
    `{environment}-preview` may preview."""

    repository: str
    """The one repository whose workflows are trusted, `owner/name`."""

    identity_provider: Literal["create", "existing"]
    """An account has one provider for GitHub: made here, or by somebody else."""

    key_aliases: Sequence[str]
    """Aliases of the keys that the environment's data is under."""

    state_bucket: str
    """Bucket of the engine's state."""

    state_key_alias: str
    """Alias of the key that encrypts state and secrets."""

    account: str
    """Account of the environment, 12 digits."""

    region: str

    tags: Mapping[str, str]


class DeliveryIdentity(pulumi.ComponentResource):
    """Roles for CI without a key that could leak: one that looks, one that deploys and cannot outgrow its boundary."""

    preview_role_arn: pulumi.Output[str]
    deploy_role_arn: pulumi.Output[str]

    boundary_arn: pulumi.Output[str]
    """Policy that bounds the deploying role and every role that it makes."""

    def __init__(self, name: str, args: DeliveryIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:delivery:DeliveryIdentity", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        trusts = provider_arn(args.region, args.account)
        place = Place(
            region=args.region,
            account=args.account,
            system=args.system,
            environment=args.environment,
            key_aliases=tuple(args.key_aliases),
        )
        if args.identity_provider == "create":
            aws.iam.OpenIdConnectProvider(
                f"{name}-github", url=f"https://{ISSUER}", client_id_lists=[AUDIENCE], tags=args.tags, opts=child
            )
        limit = aws.iam.Policy(
            f"{name}-boundary",
            name=f"{place.prefix}-boundary",
            description=f"What the delivery of {place.prefix}, and every role that it makes, may do at most",
            policy=_compact(boundary(place, args.state_bucket, args.state_key_alias)),
            tags=args.tags,
            opts=child,
        )
        made: dict[str, aws.iam.Role] = {}
        for role, github, document, meaning in (
            (
                "preview",
                f"{args.environment}-preview",
                previewing(place, args.state_bucket, args.state_key_alias),
                "looks at settings, never at data",
            ),
            (
                "deploy",
                args.environment,
                deploying(place, args.state_bucket, args.state_key_alias),
                "makes and changes the environment",
            ),
        ):
            made[role] = aws.iam.Role(
                f"{name}-{role}",
                name=f"{place.prefix}-{role}",
                description=f"CI of {args.repository}: {meaning}",
                assume_role_policy=json.dumps(workflow_trust(trusts, args.repository, github)),
                permissions_boundary=limit.arn,
                tags=args.tags,
                opts=child,
            )
            aws.iam.RolePolicy(
                f"{name}-{role}-rights", name=role, role=made[role].name, policy=_compact(document), opts=child
            )

        self.preview_role_arn = made["preview"].arn
        self.deploy_role_arn = made["deploy"].arn
        self.boundary_arn = limit.arn
        self.register_outputs(
            {
                "preview_role_arn": self.preview_role_arn,
                "deploy_role_arn": self.deploy_role_arn,
                "boundary_arn": self.boundary_arn,
            }
        )


def provider_arn(region: str, account: str) -> str:
    """ARN of an account's provider for GitHub's workflows."""
    return f"arn:{partition(region)}:iam::{account}:oidc-provider/{ISSUER}"


def workflow_trust(provider: str, repository: str, environment: str) -> dict[str, Any]:
    """Trust policy for the jobs of one GitHub environment of one repository, by equality."""
    return policy_document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{ISSUER}:aud": AUDIENCE,
                    f"{ISSUER}:sub": f"repo:{repository}:environment:{environment}",
                }
            },
        }
    )


def _compact(document: dict[str, Any]) -> str:
    """Without spaces: IAM counts the characters of a policy (IAM user guide, "IAM quotas")."""
    return json.dumps(document, separators=(",", ":"))
