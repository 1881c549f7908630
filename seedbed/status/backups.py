"""From when each store of an environment can be brought back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from seedbed import data
from seedbed.account import Account
from seedbed.services import databases
from seedbed.services.kind import as_mapping
from seedbed.status.section import Line

STALE = timedelta(hours=24)
"""RDS writes transaction logs every five minutes and a snapshot a day (RDS user guide, "automated backups")."""


def backups(account: Account) -> Iterator[Line]:
    """The backups of each database, and how many buckets keep old versions."""
    for about in databases.instances(account):
        if account.own_tags.items() <= as_mapping(about.get("TagList")).items():
            yield _database(account, about["DBInstanceIdentifier"], about)
    yield from _buckets(account)


def _database(account: Account, name: str, about: dict) -> Line:
    days = about.get("BackupRetentionPeriod") or 0
    if not days:
        return Line(f"database {name}", "no automated backups: set backupDays", False)
    newest = about.get("LatestRestorableTime")
    snapshots = account.pages("rds", "describe_db_snapshots", "DBSnapshots", DBInstanceIdentifier=name)
    taken = [one["SnapshotCreateTime"] for one in snapshots if one.get("SnapshotCreateTime")]
    said = [f"kept {days} days"]
    if newest:
        said.append(f"restorable up to {newest:%Y-%m-%d %H:%M} UTC")
    said.append(f"newest snapshot {max(taken):%Y-%m-%d %H:%M} UTC" if taken else "no snapshot yet")
    fresh = max([*taken, *([newest] if newest else [])], default=None)
    if fresh is None:
        return Line(f"database {name}", ", ".join(said), None)
    return Line(f"database {name}", ", ".join(said), datetime.now(UTC) - fresh < STALE)


def _buckets(account: Account) -> Iterator[Line]:
    s3 = account.client("s3")
    own = data.own(account, "bucket")
    single = [name for name in own if s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled"]
    if own:
        said = f"{len(own) - len(single)} of {len(own)} keep old versions"
        yield Line("buckets", f"{said}; not: {', '.join(single)}" if single else said, not single)
