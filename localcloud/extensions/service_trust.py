"""moto lets services take on roles that do not exist or do not trust them."""

import json
from typing import Any

from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.policy_language import Request, effects


def role_of(call: Call, arn: str) -> Any:
    """The role of this account that an ARN names, or None."""
    return next((role for role in backend_of("iam", call.account).roles.values() if role.arn == arn), None)


def lets_in(call: Call, arn: str, service: str) -> bool:
    """Whether a role is there and a service may take it on for this account; IAM User Guide, "Confused deputy"."""
    role = role_of(call, arn)
    if role is None:
        return False
    document = role.assume_role_policy_document
    context = {"aws:sourceaccount": [call.account], "aws:principalisawsservice": ["true"]}
    asked = Request(("sts:AssumeRole",), arn, service, None, context)
    return effects(json.loads(document) if isinstance(document, str) else document, asked) == {"Allow"}
