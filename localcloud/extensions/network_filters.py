"""moto passes over filters by tag of NAT gateways and of tags themselves, and answers with everything."""

from fnmatch import fnmatchcase
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Answer


@overlay.follows("ec2", "DescribeNatGateways")
def gateways_are_filtered_by_tag(call: Call, answer: Answer) -> dict[str, Any] | None:
    """Amazon EC2 API Reference, DescribeNatGateways: `tag:KEY` and `tag-key`."""
    wanted = [one for one in call.input.get("Filter", []) if one["Name"].startswith("tag")]
    if not wanted:
        return None
    output = call.read(answer)
    output.pop("ResponseMetadata", None)
    output["NatGateways"] = [
        gateway for gateway in output["NatGateways"] if all(_has(gateway.get("Tags", []), one) for one in wanted)
    ]
    return output


@overlay.follows("ec2", "DescribeTags")
def tags_are_filtered_by_their_own_key(call: Call, answer: Answer) -> dict[str, Any] | None:
    """Amazon EC2 API Reference, DescribeTags: `tag:KEY`."""
    wanted = [one for one in call.input.get("Filters", []) if one["Name"].startswith("tag:")]
    if not wanted:
        return None
    output = call.read(answer)
    output.pop("ResponseMetadata", None)
    output["Tags"] = [tag for tag in output["Tags"] if all(_has([tag], one) for one in wanted)]
    return output


def _has(tags: list[dict[str, str]], wanted: dict[str, Any]) -> bool:
    if wanted["Name"] == "tag-key":
        return any(fnmatchcase(tag["Key"], pattern) for tag in tags for pattern in wanted["Values"])
    key = wanted["Name"].removeprefix("tag:")
    return any(tag["Key"] == key and fnmatchcase(tag["Value"], one) for tag in tags for one in wanted["Values"])
