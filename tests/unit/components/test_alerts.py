import json
from dataclasses import replace

from components.alerts import PUBLISHERS, AlertTopic
from tests.unit.components.instances_of_operations import OPERATIONS
from tests.unit.deploy import by_name

ARGS = next(i.args for i in OPERATIONS if i.component is AlertTopic)
TOPIC = "arn:aws:sns:eu-central-1:000000000000:seedbed-test-alerts"


def statements(child: str) -> list[dict]:
    return json.loads(by_name(lambda: AlertTopic("alerts", ARGS))[child]["policy"])["Statement"]


def test_plain_http_is_refused_to_every_publisher():
    (refusal,) = [s for s in statements("alerts-policy") if s["Effect"] == "Deny"]

    assert (refusal["Principal"], refusal["Action"], refusal["Resource"]) == ("*", "sns:Publish", TOPIC)
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_whoever_may_publish_may_use_the_key():
    publishers = {s["Principal"]["Service"] for s in statements("alerts-policy") if s["Effect"] == "Allow"}
    users = {s["Principal"]["Service"] for s in statements("alerts-key") if "Service" in s["Principal"]}

    assert publishers == users == {f"{service}.amazonaws.com" for service in PUBLISHERS}


def test_a_service_that_acts_for_another_account_neither_publishes_nor_decrypts():
    for statement in [*statements("alerts-policy"), *statements("alerts-key")]:
        if statement["Effect"] == "Allow" and "Service" in statement["Principal"]:
            (account,) = [v["aws:SourceAccount"] for v in statement["Condition"].values() if "aws:SourceAccount" in v]
            assert account == "000000000000", statement


def test_event_rules_that_name_no_account_still_reach_the_topic_and_use_its_key_for_it_alone():
    (publish,) = [s for s in statements("alerts-policy") if s["Principal"] == {"Service": "events.amazonaws.com"}]
    (use,) = [s for s in statements("alerts-key") if s["Principal"] == {"Service": "events.amazonaws.com"}]

    assert set(publish["Condition"]) == {"StringEqualsIfExists"}
    assert use["Condition"]["StringEquals"] == {"kms:EncryptionContext:aws:sns:topicArn": TOPIC}
    assert "aws:SourceAccount" not in use["Condition"]["StringEquals"]


def test_messages_rest_under_the_topics_own_key_which_rotates():
    made = by_name(lambda: AlertTopic("alerts", ARGS))

    assert made["alerts-topic"]["kmsMasterKeyId"] == "arn:aws:::alerts-key"
    assert made["alerts-key"]["enableKeyRotation"] is True


def test_taking_an_address_off_leaves_the_others_alone():
    both = by_name(lambda: AlertTopic("alerts", replace(ARGS, emails=["a@example.com", "b@example.com"])))
    one = by_name(lambda: AlertTopic("alerts", replace(ARGS, emails=["b@example.com"])))

    assert both.keys() - one.keys() == {"alerts-to-a@example.com"}
