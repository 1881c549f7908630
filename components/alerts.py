"""Where alarms are told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.account import arn, partition, policy_document

PUBLISHERS = ("cloudwatch", "events", "budgets", "costalerts")
"""Services of this account that may publish: alarms, event rules, budgets, cost anomalies."""


@dataclass(frozen=True, kw_only=True)
class AlertTopicArgs:
    topic_name: str
    """Name of the topic and, behind `alias/`, of its key; known before they are made."""

    emails: Sequence[str]
    """Addresses that hear of everything; AWS asks each to confirm before it sends, and none twice."""

    account: str
    """Account whose services may publish, 12 digits."""

    region: str

    rotation_days: int
    """Days between rotations of the topic's key, 90 to 2560."""

    deletion_window_days: int
    """Days, 7 to 30, in which the key's deletion can be taken back."""

    protect: bool
    """Whether the engine refuses to delete the topic's key."""

    tags: Mapping[str, str]


class AlertTopic(pulumi.ComponentResource):
    """A topic that alarms, event rules, budgets and cost anomalies of this account reach, under a key of its own."""

    arn: pulumi.Output[str]
    """Known to those who publish once they may: what takes it is told of nothing in vain."""

    name: str
    """Known before the topic is made."""

    def __init__(self, name: str, args: AlertTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:alerts:AlertTopic", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        topic_arn = arn("sns", args.region, args.account, args.topic_name)
        key = aws.kms.Key(
            f"{name}-key",
            description=f"{args.topic_name}: alerts on their way",
            policy=json.dumps(key_policy(args.account, args.region, topic_arn)),
            enable_key_rotation=True,
            rotation_period_in_days=args.rotation_days,
            deletion_window_in_days=args.deletion_window_days,
            tags={**args.tags, "data-class": "internal"},
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.kms.Alias(f"{name}-key-alias", name=f"alias/{args.topic_name}", target_key_id=key.key_id, opts=child)
        topic = aws.sns.Topic(
            f"{name}-topic", name=args.topic_name, kms_master_key_id=key.arn, tags=args.tags, opts=child
        )
        policy = aws.sns.TopicPolicy(
            f"{name}-policy", arn=topic.arn, policy=json.dumps(topic_policy(args.account, topic_arn)), opts=child
        )
        for email in args.emails:
            aws.sns.TopicSubscription(
                f"{name}-to-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=child
            )

        self.arn = policy.arn
        self.name = args.topic_name
        self.register_outputs({"arn": self.arn, "name": self.name})


def key_policy(account: str, region: str, topic_arn: str) -> dict[str, Any]:
    """Who may do what with the key of a topic: the account through IAM, and the publishers for this topic.

    SNS gives the topic's ARN as encryption context. It passes on no source account for EventBridge, whose alerts a
    condition on it would drop in silence (SNS developer guide, "event sources and encrypted topics").
    """
    use: dict[str, Any] = {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
    }
    context = {"kms:EncryptionContext:aws:sns:topicArn": topic_arn}
    return policy_document(
        {
            "Sid": "AccountThroughIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition(region)}:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        *(
            {
                "Sid": f"Use{service.capitalize()}",
                **use,
                "Principal": {"Service": f"{service}.amazonaws.com"},
                "Condition": _source(service, account) | ({"StringEquals": context} if service == "events" else {}),
            }
            for service in PUBLISHERS
        ),
    )


def topic_policy(account: str, topic_arn: str) -> dict[str, Any]:
    """Who may publish to a topic: the publishers for this account, and nobody over plain HTTP."""
    publish = {"Action": "sns:Publish", "Resource": topic_arn}
    return policy_document(
        {
            "Sid": "RefusePlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            **publish,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        *(
            {
                "Sid": f"Publish{service.capitalize()}",
                "Effect": "Allow",
                "Principal": {"Service": f"{service}.amazonaws.com"},
                **publish,
                "Condition": _source(service, account),
            }
            for service in PUBLISHERS
        ),
    )


def _source(service: str, account: str) -> dict[str, Any]:
    """The account for which a service acts; EventBridge does not say, and so need not, but may not say another."""
    return {"StringEqualsIfExists" if service == "events" else "StringEquals": {"aws:SourceAccount": account}}
