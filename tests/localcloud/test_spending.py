"""Budgets, cost anomalies and service quotas as the API References of AWS tell of them."""

from datetime import UTC, datetime

import pytest

from tests.localcloud.refusals import refused

ACCOUNT = "000000000000"
MAIL = {"SubscriptionType": "EMAIL", "Address": "someone@example.com"}


def budget(name, amount="100"):
    limit = {"Amount": amount, "Unit": "USD"}
    return {"BudgetName": name, "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}


def notice(threshold=80.0, kind="ACTUAL"):
    return {
        "NotificationType": kind,
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": threshold,
        "ThresholdType": "PERCENTAGE",
    }


@pytest.fixture
def budgets(aws):
    return aws("budgets")


@pytest.fixture
def one(budgets, name):
    budgets.create_budget(AccountId=ACCOUNT, Budget=budget(name), ResourceTags=[{"Key": "a", "Value": "1"}])
    return {"AccountId": ACCOUNT, "BudgetName": name}


def test_a_budget_is_whole_and_can_be_changed(budgets, one):
    """AWS Budgets API Reference, Budget, CreateBudget and UpdateBudget."""
    name = one["BudgetName"]
    found = budgets.describe_budget(**one)["Budget"]
    assert found["BudgetLimit"] == {"Amount": "100", "Unit": "USD"}
    assert found["TimePeriod"]["Start"].astimezone(UTC).day == 1
    assert found["TimePeriod"]["End"].astimezone(UTC) == datetime(2087, 6, 15, tzinfo=UTC)
    assert (found["CostTypes"]["IncludeTax"], found["CostTypes"]["UseBlended"]) == (True, False)
    with refused("DuplicateRecordException", name):
        budgets.create_budget(AccountId=ACCOUNT, Budget=budget(name))
    budgets.create_notification(**one, Notification=notice(), Subscribers=[MAIL])
    budgets.update_budget(AccountId=ACCOUNT, NewBudget=budget(name, "250"))
    assert budgets.describe_budget(**one)["Budget"]["BudgetLimit"]["Amount"] == "250"
    assert len(budgets.describe_notifications_for_budget(**one)["Notifications"]) == 1
    budgets.delete_budget(**one)
    for asked in (budgets.describe_budget, budgets.describe_notifications_for_budget, budgets.delete_budget):
        with refused("NotFoundException", name):
            asked(**one)
    with refused("InvalidParameterException", "Budget Limit"):
        without = {key: value for key, value in budget(name).items() if key != "BudgetLimit"}
        budgets.create_budget(AccountId=ACCOUNT, Budget=without)


def test_a_budget_tells_its_subscribers(budgets, one):
    """AWS Budgets API Reference, CreateNotification and its neighbours."""
    topic = {"SubscriptionType": "SNS", "Address": f"arn:aws:sns:eu-central-1:{ACCOUNT}:alerts"}
    budgets.create_notification(**one, Notification=notice(), Subscribers=[MAIL, topic])
    budgets.create_notification(**one, Notification=notice(kind="FORECASTED"), Subscribers=[MAIL])
    with refused("DuplicateRecordException"):
        budgets.create_notification(**one, Notification=notice(), Subscribers=[MAIL])
    told = budgets.describe_subscribers_for_notification(**one, Notification=notice())["Subscribers"]
    assert told == [MAIL, topic]
    budgets.update_notification(**one, OldNotification=notice(), NewNotification=notice(95.0))
    budgets.delete_subscriber(**one, Notification=notice(95.0), Subscriber=topic)
    assert budgets.describe_subscribers_for_notification(**one, Notification=notice(95.0))["Subscribers"] == [MAIL]
    budgets.delete_notification(**one, Notification=notice(95.0))
    (left,) = budgets.describe_notifications_for_budget(**one)["Notifications"]
    assert left["NotificationType"] == "FORECASTED"
    with refused("NotFoundException"):
        budgets.delete_notification(**one, Notification=notice(95.0))


def test_a_budget_has_tags(budgets, one):
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/{one['BudgetName']}"
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "b", "Value": "2"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["a"])
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "b", "Value": "2"}]


def test_an_anomaly_is_told_to_a_topic_at_once_and_to_an_address_in_sum(aws, name):
    """Cost Explorer API Reference, AnomalyMonitor and AnomalySubscription."""
    costs = aws("ce")
    by_tag = {"Tags": {"Key": "system", "Values": ["ml"]}}
    monitor = costs.create_anomaly_monitor(
        AnomalyMonitor={"MonitorName": name, "MonitorType": "CUSTOM", "MonitorSpecification": by_tag},
        ResourceTags=[{"Key": "a", "Value": "1"}],
    )["MonitorArn"]
    (found,) = costs.get_anomaly_monitors(MonitorArnList=[monitor])["AnomalyMonitors"]
    assert (found["MonitorName"], found["MonitorSpecification"]) == (name, by_tag)
    above = {"Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "Values": ["100"], "MatchOptions": ["GREATER_THAN_OR_EQUAL"]}
    wanted = {
        "SubscriptionName": name,
        "MonitorArnList": [monitor],
        "Subscribers": [{"Type": "SNS", "Address": f"arn:aws:sns:eu-central-1:{ACCOUNT}:alerts"}],
        "Frequency": "IMMEDIATE",
        "ThresholdExpression": {"Dimensions": above},
    }
    with refused("ValidationException", "EMAIL"):
        costs.create_anomaly_subscription(AnomalySubscription={**wanted, "Frequency": "DAILY"})
    with refused("ValidationException", "Threshold"):
        without = {key: value for key, value in wanted.items() if key != "ThresholdExpression"}
        costs.create_anomaly_subscription(AnomalySubscription=without)
    with refused("UnknownMonitorException"):
        missing = f"arn:aws:ce::{ACCOUNT}:anomalymonitor/none"
        costs.create_anomaly_subscription(AnomalySubscription={**wanted, "MonitorArnList": [missing]})
    arn = costs.create_anomaly_subscription(AnomalySubscription=wanted)["SubscriptionArn"]
    costs.update_anomaly_subscription(
        SubscriptionArn=arn, Frequency="DAILY", Subscribers=[{"Type": "EMAIL", "Address": "someone@example.com"}]
    )
    (said,) = costs.get_anomaly_subscriptions(SubscriptionArnList=[arn])["AnomalySubscriptions"]
    assert (said["Frequency"], said["ThresholdExpression"]) == ("DAILY", {"Dimensions": above})
    costs.update_anomaly_monitor(MonitorArn=monitor, MonitorName=f"{name}-2")
    costs.tag_resource(ResourceArn=monitor, ResourceTags=[{"Key": "b", "Value": "2"}])
    costs.untag_resource(ResourceArn=monitor, ResourceTagKeys=["a"])
    assert costs.list_tags_for_resource(ResourceArn=monitor)["ResourceTags"] == [{"Key": "b", "Value": "2"}]
    costs.delete_anomaly_subscription(SubscriptionArn=arn)
    costs.delete_anomaly_monitor(MonitorArn=monitor)
    with refused("UnknownMonitorException"):
        costs.get_anomaly_monitors(MonitorArnList=[monitor])
    with refused("UnknownSubscriptionException"):
        costs.get_anomaly_subscriptions(SubscriptionArnList=[arn])


def test_an_account_has_one_monitor_of_all_services(aws, name):
    """Cost Explorer API Reference, CreateAnomalyMonitor: LimitExceededException."""
    costs = aws("ce")
    asked = {"MonitorName": name, "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}
    arn = costs.create_anomaly_monitor(AnomalyMonitor=asked)["MonitorArn"]
    with refused("LimitExceededException"):
        costs.create_anomaly_monitor(AnomalyMonitor={**asked, "MonitorName": f"{name}-2"})
    costs.delete_anomaly_monitor(MonitorArn=arn)


def test_quotas_are_those_of_a_new_account_and_unknown_ones_are_told(aws):
    """Service Quotas API Reference, GetServiceQuota: NoSuchResourceException."""
    quotas = aws("service-quotas")
    found = quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-DB2E81BA")["Quota"]
    assert (found["QuotaName"], found["Value"], found["Adjustable"]) == (
        "Running On-Demand G and VT instances",
        0,
        True,
    )
    listed = quotas.list_service_quotas(ServiceCode="ec2")["Quotas"]
    assert {"L-0263D0A3", "L-1216C47A", "L-417A185B"} <= {quota["QuotaCode"] for quota in listed}
    assert quotas.get_aws_default_service_quota(ServiceCode="vpc", QuotaCode="L-F678F1CE")["Quota"]["Value"] == 5
    for service, code in (("ec2", "L-00000000"), ("braket", "L-1216C47A")):
        with refused("NoSuchResourceException", "knows no quota"):
            quotas.get_service_quota(ServiceCode=service, QuotaCode=code)
