"""Where access logs go."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.account import bucket_arn
from components.bucket import PrivateBucket, PrivateBucketArgs
from components.retention import retention_rules


@dataclass(frozen=True, kw_only=True)
class LogStoreArgs:
    bucket_name: str
    account: str
    """Account whose buckets deliver their access logs here, 12 digits."""

    region: str

    retention_days: int
    """Days that a log is kept."""

    protect: bool
    """Whether the engine refuses to delete the bucket."""

    tags: Mapping[str, str]


class LogStore(pulumi.ComponentResource):
    """Access logs of the environment's buckets: who read which object, kept as long as needed and no longer."""

    bucket: pulumi.Output[str]

    def __init__(self, name: str, args: LogStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:access_log:LogStore", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        store = PrivateBucket(
            name,
            PrivateBucketArgs(
                bucket_name=args.bucket_name,
                region=args.region,
                kms_key_arn=None,
                log_bucket=None,
                policy_statements=[
                    {
                        "Sid": "DeliveryOfAccessLogs",
                        "Effect": "Allow",
                        "Principal": {"Service": "logging.s3.amazonaws.com"},
                        "Action": "s3:PutObject",
                        "Resource": f"{bucket_arn(args.region, args.bucket_name)}/*",
                        "Condition": {"StringEquals": {"aws:SourceAccount": args.account}},
                    }
                ],
                lifecycle_rules=retention_rules(args.retention_days, 1, None),
                protect=args.protect,
                tags={**args.tags, "data-class": "internal", "data-stage": "log"},
            ),
            child,
        )

        self.bucket = store.id
        self.register_outputs({"bucket": self.bucket})
