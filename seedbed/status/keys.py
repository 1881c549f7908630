"""How the keys of an environment are doing."""

from collections import defaultdict
from collections.abc import Iterator

from seedbed.account import Account
from seedbed.status.section import Line


def keys(account: Account) -> Iterator[Line]:
    """Each key by its alias: whether it rotates, and whether it is on its way out."""
    kms = account.client("kms")
    aliases: dict[str, list[str]] = defaultdict(list)
    for one in account.pages("kms", "list_aliases", "Aliases"):
        aliases[one.get("TargetKeyId", "")].append(one["AliasName"])
    lines = []
    for listed in account.pages("kms", "list_keys", "Keys"):
        id_ = listed["KeyId"]
        about = kms.describe_key(KeyId=id_)["KeyMetadata"]
        if about["KeyManager"] != "CUSTOMER":
            continue
        tags = {t["TagKey"]: t["TagValue"] for t in account.pages("kms", "list_resource_tags", "Tags", KeyId=id_)}
        if account.own_tags.items() <= tags.items():
            lines.append(_line(kms, ", ".join(sorted(aliases[id_])) or id_, about))
    yield from sorted(lines, key=lambda line: line.what)


def _line(kms, name: str, about: dict) -> Line:
    state = about["KeyState"]
    if state == "PendingDeletion":
        gone = about.get("DeletionDate")
        when = f" on {gone:%Y-%m-%d}" if gone else ""
        return Line(name, f"is deleted{when}: everything under it is unreadable; stop it: CancelKeyDeletion", False)
    if state != "Enabled":
        return Line(name, f"{state}: nothing under it can be read", False)
    rotation = kms.get_key_rotation_status(KeyId=about["KeyId"])
    if not rotation["KeyRotationEnabled"]:
        return Line(name, "does not rotate", False)
    days = rotation.get("RotationPeriodInDays")
    following = rotation.get("NextRotationDate")
    said = f"rotates every {days} days" if days else "rotates"
    return Line(name, f"{said}, next {following:%Y-%m-%d}" if following else said)
