"""What an environment costs, and what it needs of the account's quotas."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from seedbed.account import Account
from seedbed.status.section import Line, unknown


def spend(account: Account) -> Iterator[Line]:
    """The budget, and what was and will be spent of it, as far as the account knows."""
    if account.settings.environment.budget is None:
        yield Line(
            "budget", f"none in the file: add budget: {{monthlyUsd: ...}} to Pulumi.{account.settings.name}.yaml"
        )
        return
    budgets = account.client("budgets")
    try:
        answer = budgets.describe_budget(AccountId=account.settings.account, BudgetName=account.prefix)
    except budgets.exceptions.NotFoundException:
        yield Line(
            "budget", f"{account.prefix}: not in the account: `seedbed up {account.settings.name}` makes it", False
        )
        return
    about = answer["Budget"]
    limit = _usd(about.get("BudgetLimit"))
    spent = about.get("CalculatedSpend") or {}
    actual, forecast = _usd(spent.get("ActualSpend")), _usd(spent.get("ForecastedSpend"))
    yield Line(
        "budget", f"{limit:,.0f} USD a month" if limit is not None else "unknown limit", limit is not None or None
    )
    yield _of(limit, actual, "spent", "AWS counts the tags `system` and `env` once they are cost allocation tags")
    yield _of(limit, forecast, "forecast", "AWS forecasts after about five weeks of spending")


def _usd(amount: Mapping[str, str] | None) -> float | None:
    return float(amount["Amount"]) if amount and amount.get("Amount") else None


def _of(limit: float | None, amount: float | None, what: str, why: str) -> Line:
    if amount is None:
        return unknown(what, why)
    share = f", {amount / limit:.0%} of the budget" if limit else ""
    return Line(what, f"{amount:,.2f} USD this month{share}", None if limit is None else amount <= limit)


def quotas(account: Account, needed: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """Each quota that the environment needs, beside what the account allows; "unknown" is an answer."""
    for one in needed:
        what = f"{one['name']}"
        try:
            allowed = _allowed(account, one)
        except (BotoCoreError, ClientError) as error:
            yield Line(what, f"needs {one['needed']}; allowed: {unknown('', error).state}", None)
            continue
        if allowed is None:
            yield Line(what, f"needs {one['needed']}; allowed: unknown, Service Quotas does not list it", None)
            continue
        enough = allowed >= one["needed"]
        said = f"needs {one['needed']}, the account allows {allowed:g}"
        yield Line(what, said if enough else f"{said}: ask for more at Service Quotas ({_code(one)})", enough)


def _code(one: Mapping[str, Any]) -> str:
    return f"{one['service']} {one.get('code') or ''}".strip()


def _allowed(account: Account, one: Mapping[str, Any]) -> float | None:
    service = account.client("service-quotas")
    if code := one.get("code"):
        asked = {"ServiceCode": one["service"], "QuotaCode": code}
        try:
            return service.get_service_quota(**asked)["Quota"].get("Value")
        except service.exceptions.NoSuchResourceException:
            # A quota that was never raised may be known by its default alone.
            return service.get_aws_default_service_quota(**asked)["Quota"].get("Value")
    listed = account.pages("service-quotas", "list_service_quotas", "Quotas", ServiceCode=one["service"])
    return next((quota.get("Value") for quota in listed if quota["QuotaName"] == one["name"]), None)
