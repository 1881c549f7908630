"""What the watch for drift may do."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from components.account import arn, bucket_arn, policy_document

ALARM_NAMESPACE = "Seedbed/Drift"
METRIC = "Distance"


def watching_policy(*, account: str, region: str, places: Sequence[str], kms_aliases: Sequence[str]) -> dict[str, Any]:
    """Policy of the role of a watch: it reads `places`, each `BUCKET/PREFIX`, and tells what it measured.

    PutMetricData knows no resources, but a condition on the namespace (CloudWatch user guide, "Using condition keys to
    limit access to CloudWatch namespaces").
    """
    split = [(bucket, prefix.strip("/")) for bucket, _, prefix in (place.partition("/") for place in places)]
    return policy_document(
        *(
            {
                "Sid": f"Find{number}",
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": bucket_arn(region, bucket),
                "Condition": {"StringLike": {"s3:prefix": f"{prefix}/*" if prefix else "*"}},
            }
            for number, (bucket, prefix) in enumerate(split, start=1)
        ),
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": sorted(
                {f"{bucket_arn(region, bucket)}/{prefix}/*".replace("//", "/") for bucket, prefix in split}
            ),
        },
        {
            "Sid": "Open",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": arn("kms", region, account, "key/*"),
            "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": sorted(set(kms_aliases))}},
        },
        {
            "Sid": "Tell",
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": ALARM_NAMESPACE}},
        },
    )


def guard(namespace: str, account: str, cron_job: str, pod: Mapping[str, Any]) -> Any:
    """Specification of an admission policy: the account makes Jobs of one CronJob with its very `pod`, and no others.

    `pod` has one container. A Job of `kubectl create job --from` names its CronJob as its owner (Kubernetes
    documentation, "Validating Admission Policy", for the language).
    """
    user = json.dumps(f"system:serviceaccount:{namespace}:{account}")
    (container,) = pod["containers"]
    owned = f"o, o.kind == 'CronJob' && o.name == {json.dumps(cron_job)}"
    here, one = "object.spec.template.spec", "object.spec.template.spec.containers[0]"
    same = {
        "service account": (f"[{here}.?serviceAccountName.orValue('')]", [pod["serviceAccountName"]]),
        "containers": (f"{here}.containers.map(c, c.image)", [container["image"]]),
        "command": (f"{one}.?command.orValue([])", list(container["command"])),
        "environment": (
            f"{one}.?env.orValue([]).map(e, e.name + '=' + e.?value.orValue(''))",
            [f"{e['name']}={e['value']}" for e in container["env"]],
        ),
        "mounts": (
            f"{one}.?volumeMounts.orValue([]).map(m, m.name + ':' + m.mountPath + ':' + m.?subPath.orValue(''))",
            [f"{m['name']}:{m['mountPath']}:" for m in container["volumeMounts"]],
        ),
        "volumes": (
            f"{here}.?volumes.orValue([]).map(v, v.name + ':' + v.?configMap.?name.orValue(''))",
            [f"{v['name']}:{v.get('configMap', {}).get('name', '')}" for v in pod["volumes"]],
        ),
    }
    more = ("args", "envFrom", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe", "workingDir")
    checks = {
        "owner": f"object.metadata.?ownerReferences.orValue([]).exists({owned})",
        **{what: f"{found} == {json.dumps(wanted)}" for what, (found, wanted) in same.items()},
        "additions": " && ".join(
            f"!has({field})" for field in (f"{here}.initContainers", *(f"{one}.{m}" for m in more))
        ),
    }
    return {
        "failure_policy": "Fail",
        "match_constraints": {
            "resource_rules": [
                {"api_groups": ["batch"], "api_versions": ["v1"], "resources": ["jobs"], "operations": ["CREATE"]}
            ]
        },
        "match_conditions": [{"name": "by-the-watch", "expression": f"request.userInfo.username == {user}"}],
        "validations": [
            {
                "expression": expression,
                "message": f"{account} may run the CronJob {cron_job} of {namespace} as it is: found other {what}",
                "reason": "Forbidden",
            }
            for what, expression in checks.items()
        ],
    }
