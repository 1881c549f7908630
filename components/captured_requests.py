"""Requests that an endpoint keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

from components.bucket import PrivateBucket, PrivateBucketArgs
from components.retention import RUNBOOK, retention_rules


@dataclass(frozen=True, kw_only=True)
class CapturedRequestsArgs:
    bucket_name: str
    region: str

    kms_key_arn: pulumi.Input[str]
    """Key of personal data."""

    log_bucket: pulumi.Input[str]
    """Bucket that receives the access log."""

    retention_days: int
    """Days after which a request is gone with all its versions (GDPR Art. 5(1)(e)); 2 at least, for S3 counts a day for
    the object and one for its last version."""

    data_origin: Literal["real", "pseudonymised", "synthetic"]
    purpose: str
    """Why requests are kept (GDPR Art. 5(1)(b))."""

    legal_basis: str
    """Code of the legal basis (GDPR Art. 6(1))."""

    controller: str
    """Who decides about the processing (GDPR Art. 4(7))."""

    register_id: str | None
    """Entry in the record of processing activities (GDPR Art. 30)."""

    recipients: Sequence[str]
    """Codes of those who receive the data (GDPR Art. 30(1)(d))."""

    erasure_path: str
    """How a person's data is erased on request (GDPR Art. 17)."""

    protect: bool
    """Whether the engine refuses to delete the bucket."""

    tags: Mapping[str, str]


class CapturedRequests(pulumi.ComponentResource):
    """What people sent to a model and what it answered: personal data whatever it looks like, and gone when it must."""

    bucket: pulumi.Output[str]

    def __init__(self, name: str, args: CapturedRequestsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:captured_requests:CapturedRequests", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        known = {
            "data-class": "personal",
            "data-stage": "capture",
            "data-origin": args.data_origin,
            "purpose": args.purpose,
            "legal-basis": args.legal_basis,
            "controller": args.controller,
            "register-id": args.register_id,
            "recipients": " ".join(args.recipients) or None,
            "erasure-path": args.erasure_path,
            "retention-days": str(args.retention_days),
            "restore-runbook": RUNBOOK,
        }
        store = PrivateBucket(
            name,
            PrivateBucketArgs(
                bucket_name=args.bucket_name,
                region=args.region,
                kms_key_arn=args.kms_key_arn,
                log_bucket=args.log_bucket,
                policy_statements=[],
                lifecycle_rules=retention_rules(args.retention_days, 1, None),
                protect=args.protect,
                tags={**args.tags, **{key: value for key, value in known.items() if value is not None}},
            ),
            child,
        )

        self.bucket = store.id
        self.register_outputs({"bucket": self.bucket})
