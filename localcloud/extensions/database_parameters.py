"""moto takes parameters of any name: these are the ones that PostgreSQL and RDS know."""

from pathlib import Path


def _listed(heading: str) -> frozenset[str]:
    """The names below a heading of the list beside this file."""
    _, _, below = Path(__file__).with_suffix(".txt").read_text().partition(f"[{heading}]\n")
    return frozenset(below.partition("\n[")[0].split())


STATIC = _listed("static")
"""Taken on at the next start; pg_settings of PostgreSQL, context `postmaster`, and what RDS adds."""

DYNAMIC = _listed("dynamic")
"""Taken on at once."""

OF_EXTENSIONS = (
    "apg_plan_mgmt.", "auto_explain.", "cron.", "hypopg.", "orafce.", "pg_hint_plan.", "pg_prewarm.", "pg_repack.",
    "pg_stat_statements.", "pgaudit.", "pglogical.", "pgtle.", "plperl.", "plpgsql.", "plprofiler.", "plrust.",
    "pltcl.", "postgis.",
)  # fmt: skip
"""How parameters of extensions begin."""

DEFAULTS = {"rds.force_ssl": "1", "rds.log_retention_period": "4320", "password_encryption": "scram-sha-256"}
"""Values that RDS sets where nobody else does, from PostgreSQL 15 on; RDS User Guide, "Requiring an SSL connection"."""


def is_known(name: str) -> bool:
    """Whether there is a parameter of this name."""
    return name in STATIC or name in DYNAMIC or name.startswith(OF_EXTENSIONS)
