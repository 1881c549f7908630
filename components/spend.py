"""What an environment costs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

THRESHOLDS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""Percent of the budget at which somebody is told: of what was spent, and of what the month will come to."""


@dataclass(frozen=True, kw_only=True)
class SpendGuardArgs:
    prefix: str
    """Name of the budget and of the anomaly monitor."""

    system: str
    """Value of the tag `system` by which costs are told apart."""

    environment: str
    """Value of the tag `env` by which costs are told apart."""

    monthly_usd: int
    """Budget of a month in US dollars, at least 1."""

    anomaly_usd: int
    """US dollars above what is usual from which an anomaly is told, at least 1."""

    topic_arn: pulumi.Input[str]
    """Topic that is told; budgets and cost alerts must be let in by its policy and its key's."""

    emails: Sequence[str]
    """Addresses that AWS Budgets writes to itself, so that a topic nobody confirmed silences nothing; at most ten."""

    tags: Mapping[str, str]


class SpendGuard(pulumi.ComponentResource):
    """A budget and a watch for what is unusual: spending is noticed while the month can still be saved.

    AWS counts what bears the tags `system` and `env` from when both are activated as cost allocation tags in the
    account that pays (Billing user guide, "activating user-defined cost allocation tags"); until then it counts
    nothing. A monitor follows one tag and not two: anomalies are those of the system in all environments of the account
    (Cost Explorer API reference, AnomalyMonitor, MonitorSpecification).
    """

    budget: str
    """Name of the budget, known before it is made."""

    def __init__(self, name: str, args: SpendGuardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:spend:SpendGuard", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        self.budget = args.prefix
        notifications: Any = [
            {
                "notification_type": kind,
                "comparison_operator": "GREATER_THAN",
                "threshold": percent,
                "threshold_type": "PERCENTAGE",
                "subscriber_sns_topic_arns": [args.topic_arn],
                "subscriber_email_addresses": list(args.emails),
            }
            for kind, percent in THRESHOLDS
        ]
        aws.budgets.Budget(
            f"{name}-budget",
            name=args.prefix,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.monthly_usd),
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": cost_tags(args.system, args.environment)}],
            notifications=notifications,
            tags=args.tags,
            opts=child,
        )
        monitor = aws.costexplorer.AnomalyMonitor(
            f"{name}-anomalies",
            name=args.prefix,
            monitor_type="CUSTOM",
            monitor_specification=json.dumps(specification(args.system)),
            tags=args.tags,
            opts=child,
        )
        aws.costexplorer.AnomalySubscription(
            f"{name}-anomaly-alert",
            name=args.prefix,
            # At once goes through a topic alone, by mail it is once a day or week (AnomalySubscription, Frequency).
            frequency="IMMEDIATE",
            monitor_arn_lists=[monitor.arn],
            subscribers=[{"type": "SNS", "address": args.topic_arn}],
            threshold_expression={
                "dimension": {
                    "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    "match_options": ["GREATER_THAN_OR_EQUAL"],
                    "values": [str(args.anomaly_usd)],
                }
            },
            tags=args.tags,
            opts=child,
        )

        self.register_outputs({"budget": self.budget})


def cost_tags(system: str, environment: str) -> list[str]:
    """Both tags as a budget's filter writes those that users make (Cost Management user guide, "budget filters")."""
    return [f"user:env${environment}", f"user:system${system}"]


def specification(system: str) -> dict[str, Any]:
    """What a monitor follows, with every key that AWS reads back: without them each `up` would make a new monitor."""
    return {
        "And": None,
        "CostCategories": None,
        "Dimensions": None,
        "Not": None,
        "Or": None,
        "Tags": {"Key": "system", "MatchOptions": None, "Values": [system]},
    }
