"""Topics, subscriptions and rules of events as the API References of SNS and EventBridge tell of them."""

import json

import pytest

from tests.localcloud.conftest import REGION
from tests.localcloud.refusals import refused


@pytest.fixture
def sns(aws):
    return aws("sns")


@pytest.fixture
def topic(sns, name):
    return sns.create_topic(Name=name, Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]


def policy(topic, **more):
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": topic, **more}]})


def test_a_topic_keeps_its_attributes(aws, sns, topic):
    """API Reference, SetTopicAttributes and GetTopicAttributes."""
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    wanted = {
        "KmsMasterKeyId": key,
        "Policy": policy(topic),
        "SignatureVersion": "2",
        "TracingConfig": "Active",
        "DisplayName": "alerts",
    }
    for attribute, value in wanted.items():
        sns.set_topic_attributes(TopicArn=topic, AttributeName=attribute, AttributeValue=value)
    found = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert json.loads(found.pop("Policy")) == json.loads(wanted.pop("Policy"))
    assert {name: found[name] for name in wanted} == wanted


def test_a_topics_policy_is_about_the_topic(sns, topic):
    """SNS Developer Guide, "Access policy language for Amazon SNS"."""
    for text, word in (
        ("{", "Policy"),
        (policy(topic, Action="s3:GetObject"), "out of service scope"),
        (policy(topic, Resource=f"{topic}-other"), topic),
        (policy(topic, Effect="Maybe"), "Policy"),
    ):
        with refused("InvalidParameter", word):
            sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=text)


def test_a_topic_made_again_is_the_same_unless_its_tags_differ(sns, name, topic):
    """API Reference, CreateTopic."""
    assert sns.create_topic(Name=name, Tags=[{"Key": "a", "Value": "1"}])["TopicArn"] == topic
    with refused("InvalidParameter", "different tags"):
        sns.create_topic(Name=name, Tags=[{"Key": "a", "Value": "2"}])


def test_a_mail_address_is_pending_until_somebody_confirms(sns, topic):
    """API Reference, Subscribe; SNS Developer Guide, "Confirm the subscription"."""
    asked = {"TopicArn": topic, "Protocol": "email", "Endpoint": "someone@example.com"}
    assert sns.subscribe(**asked)["SubscriptionArn"] == "pending confirmation"
    arn = sns.subscribe(**asked, ReturnSubscriptionArn=True)["SubscriptionArn"]
    assert arn.startswith(f"{topic}:")
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "true"
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
    counts = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (counts["SubscriptionsPending"], counts["SubscriptionsConfirmed"]) == ("1", "0")
    with refused("InvalidParameter", "Cannot unsubscribe a subscription that is pending confirmation"):
        sns.unsubscribe(SubscriptionArn=arn)
    sns.delete_topic(TopicArn=topic)
    with refused("NotFound"):
        sns.get_subscription_attributes(SubscriptionArn=arn)


def test_a_message_needs_a_living_key(aws, sns, topic):
    """API Reference, Publish: KMSDisabled and KMSNotFound."""
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=key)
    assert sns.publish(TopicArn=topic, Message="m")["MessageId"]
    kms.disable_key(KeyId=key)
    with refused("KMSDisabled", key):
        sns.publish(TopicArn=topic, Message="m")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue="alias/none")
    with refused("KMSNotFound", "alias/none"):
        sns.publish(TopicArn=topic, Message="m")


def test_a_rule_of_events_stays_while_it_has_targets(aws, name, topic):
    """EventBridge API Reference, PutRule, PutTargets and DeleteRule."""
    events = aws("events")
    pattern = {"source": ["aws.guardduty"], "detail": {"severity": [{"numeric": [">=", 7]}]}}
    tags = [{"Key": "a", "Value": "1"}]
    arn = events.put_rule(Name=name, EventPattern=json.dumps(pattern), Description="findings", Tags=tags)["RuleArn"]
    target = {
        "Id": "topic",
        "Arn": topic,
        "InputTransformer": {"InputPathsMap": {"kind": "$.detail.type"}, "InputTemplate": '"<kind>"'},
    }
    assert events.put_targets(Rule=name, Targets=[target])["FailedEntryCount"] == 0
    found = events.describe_rule(Name=name)
    assert (json.loads(found["EventPattern"]), found["Description"], found["State"]) == (pattern, "findings", "ENABLED")
    assert events.list_targets_by_rule(Rule=name)["Targets"] == [target]
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
    with refused("ValidationException", "targets"):
        events.delete_rule(Name=name)
    events.remove_targets(Rule=name, Ids=["topic"])
    events.delete_rule(Name=name)
    with refused("ResourceNotFoundException"):
        events.describe_rule(Name=name)
    with refused("InvalidEventPatternException"):
        events.put_rule(Name=name, EventPattern="{")
    assert arn == f"arn:aws:events:{REGION}:000000000000:rule/{name}"
