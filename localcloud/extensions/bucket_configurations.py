"""moto lacks the analytics, metrics and tiering configurations of a bucket, and drops fields of its inventories."""

from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Refusal

FAMILIES = {
    "Analytics": ("AnalyticsConfiguration", "AnalyticsConfigurationList"),
    "IntelligentTiering": ("IntelligentTieringConfiguration", "IntelligentTieringConfigurationList"),
    "Inventory": ("InventoryConfiguration", "InventoryConfigurationList"),
    "Metrics": ("MetricsConfiguration", "MetricsConfigurationList"),
}
"""Families of configurations that a bucket holds by id: member with one, member with a list of them."""

PAGE = 100
"""Configurations in one answer; S3 API Reference, ListBucketMetricsConfigurations."""

MOST = 1000
"""Configurations of one family in a bucket; the same page."""


def _kept(call: Call, family: str) -> dict[str, Any]:
    bucket = call.backend.get_bucket(call.input["Bucket"])
    return vars(bucket).setdefault("configurations", {}).setdefault(family, {})


def _register(family: str, one: str, many: str) -> None:
    @overlay.answers("s3", f"PutBucket{family}Configuration")
    def put(call: Call) -> dict[str, Any]:
        kept, wanted = _kept(call, family), call.input[one]
        if wanted.get("Id") != call.input["Id"]:
            raise Refusal("InvalidArgument", "The configuration's Id and the id of the request differ")
        if len(kept) >= MOST and wanted["Id"] not in kept:
            raise Refusal("TooManyConfigurations", "You have reached the limit of configurations for this bucket")
        kept[wanted["Id"]] = wanted
        return {}

    @overlay.answers("s3", f"GetBucket{family}Configuration")
    def get(call: Call) -> dict[str, Any]:
        return {one: _one(call)}

    @overlay.answers("s3", f"DeleteBucket{family}Configuration")
    def delete(call: Call) -> dict[str, Any]:
        _one(call)
        del _kept(call, family)[call.input["Id"]]
        return {}

    @overlay.answers("s3", f"ListBucket{family}Configurations")
    def list_all(call: Call) -> dict[str, Any]:
        token = call.input.get("ContinuationToken", "")
        left = [kept for name, kept in sorted(_kept(call, family).items()) if name > token]
        output = {many: left[:PAGE], "IsTruncated": len(left) > PAGE}
        if len(left) > PAGE:
            output["NextContinuationToken"] = left[PAGE - 1]["Id"]
        return output

    def _one(call: Call) -> Any:
        found = _kept(call, family).get(call.input["Id"])
        if found is None:
            raise Refusal("NoSuchConfiguration", "The specified configuration does not exist.", 404)
        return found


for _family, (_one, _many) in FAMILIES.items():
    _register(_family, _one, _many)
