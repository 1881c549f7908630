"""moto confirms every subscription by itself, forgets attributes of topics, and takes any policy for them."""

import json
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions.key_users import find
from localcloud.policy_language import listed
from localcloud.refusal import Answer, Refusal

BY_HAND = ("email", "email-json", "http", "https")
"""Protocols whose subscriber must confirm; SNS Developer Guide, "Confirm the subscription"."""

DROPPED = ("SignatureVersion", "TracingConfig", "ArchivePolicy", "DataProtectionPolicy", "FifoThroughputScope")
ENDS = ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
"""Attributes of topics that moto does not tell, and endings of others; API Reference, SetTopicAttributes."""

PENDING = "PendingConfirmation"


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidParameter", f"Invalid parameter: {message}")


def _topic(call: Call) -> Any:
    found = call.backend.topics.get(call.input["TopicArn"])
    if found is None:
        raise Refusal("NotFound", "Topic does not exist", 404)
    return found


def _is_dropped(name: str) -> bool:
    return name in DROPPED or name.endswith(ENDS)


@overlay.checks("sns", "CreateTopic")
def a_topic_made_again_is_the_same(call: Call) -> None:
    """API Reference, CreateTopic: the existing topic's ARN, unless the tags differ."""
    arn = f"arn:aws:sns:{call.region}:{call.account}:{call.input['Name']}"
    old = call.backend.topics.get(arn)
    tags = {tag["Key"]: tag["Value"] for tag in call.input.get("Tags", [])}
    if old is not None and tags and tags != old._tags:
        raise _invalid("Tags Reason: Topic already exists with different tags")
    for name, value in call.input.get("Attributes", {}).items():
        _check(call, arn, name, value)


@overlay.checks("sns", "SetTopicAttributes")
def an_attribute_is_one_a_topic_may_have(call: Call) -> None:
    """API Reference, SetTopicAttributes."""
    _check(call, _topic(call).arn, call.input["AttributeName"], call.input.get("AttributeValue", ""))


def _check(call: Call, arn: str, name: str, value: str) -> None:
    if name == "DisplayName" and len(value) > 100:
        raise _invalid("DisplayName Reason: 100 characters at most")
    if name == "SignatureVersion" and value not in ("1", "2"):
        raise _invalid(f"SignatureVersion Reason: found {value}, allowed are 1 and 2")
    if name == "Policy" and value:
        _check_policy(arn, value)


def _check_policy(arn: str, text: str) -> None:
    """SNS Developer Guide, "Access policy language": its actions are SNS's, its resource is the topic."""
    try:
        statements = listed(json.loads(text)["Statement"])
        for statement in statements:
            actions = listed(statement.get("Action", statement.get("NotAction")))
            resources = listed(statement.get("Resource", statement.get("NotResource")))
            is_whole = statement["Effect"] in ("Allow", "Deny") and (
                "Principal" in statement or "NotPrincipal" in statement
            )
            if not is_whole or not all(action == "*" or action.lower().startswith("sns:") for action in actions):
                raise _invalid("Policy statement action out of service scope!")
            if not all(resource in ("*", arn) for resource in resources):
                raise _invalid(f"Policy Error: resources of the policy must be {arn}")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _invalid("Policy Error: the policy does not read") from None


@overlay.follows("sns", "CreateTopic", "SetTopicAttributes")
def attributes_are_kept(call: Call, _: Answer) -> None:
    """Those that moto does not tell."""
    if call.operation == "SetTopicAttributes":
        given = {call.input["AttributeName"]: call.input.get("AttributeValue", "")}
        topic = _topic(call)
    else:
        given = call.input.get("Attributes", {})
        topic = call.backend.topics[f"arn:aws:sns:{call.region}:{call.account}:{call.input['Name']}"]
    vars(topic).setdefault("kept", {}).update({name: value for name, value in given.items() if _is_dropped(name)})


@overlay.follows("sns", "GetTopicAttributes")
def attributes_are_told(call: Call, answer: Answer) -> dict[str, Any]:
    """With the numbers of subscriptions."""
    topic = _topic(call)
    states = [one.confirmed for one in call.backend.subscriptions.values() if one.topic is topic]
    counts = {"SubscriptionsConfirmed": str(sum(states)), "SubscriptionsPending": str(len(states) - sum(states))}
    said = {name: value for name, value in call.read(answer)["Attributes"].items() if value != ""}
    return {"Attributes": {**said, **counts, **vars(topic).get("kept", {})}}


def _subscription(call: Call) -> Any:
    return call.backend.subscriptions.get(call.input["SubscriptionArn"])


@overlay.follows("sns", "Subscribe")
def a_subscriber_is_asked_first(call: Call, answer: Answer) -> dict[str, Any] | None:
    """API Reference, Subscribe: pending until confirmed; its ARN is told where ReturnSubscriptionArn asks for it."""
    arn = call.read(answer)["SubscriptionArn"]
    subscription = call.backend.subscriptions[arn]
    subscription.confirmed = subscription.protocol not in BY_HAND
    subscription.attributes[PENDING] = "false" if subscription.confirmed else "true"
    subscription.attributes["ConfirmationWasAuthenticated"] = "true" if subscription.confirmed else "false"
    if subscription.confirmed or call.input.get("ReturnSubscriptionArn"):
        return None
    return {"SubscriptionArn": "pending confirmation"}


@overlay.follows("sns", "ListSubscriptions", "ListSubscriptionsByTopic")
def pending_ones_have_no_arn(call: Call, answer: Answer) -> dict[str, Any]:
    """API Reference, Subscription: PendingConfirmation in the place of the ARN."""
    output = call.read(answer)
    output.pop("ResponseMetadata", None)
    for said in output.get("Subscriptions", []):
        subscription = call.backend.subscriptions.get(said["SubscriptionArn"])
        if subscription is not None and not subscription.confirmed:
            said["SubscriptionArn"] = PENDING
    return output


@overlay.checks("sns", "Unsubscribe")
def a_pending_subscription_stays(call: Call) -> None:
    """SNS Developer Guide, "Deleting a subscription": one that is pending goes after 48 hours, or with its topic."""
    subscription = _subscription(call)
    if subscription is not None and not subscription.confirmed:
        raise _invalid(
            "This subscription is not confirmed. Cannot unsubscribe a subscription that is pending confirmation"
        )


@overlay.checks("sns", "Publish", "PublishBatch")
def messages_need_a_living_key(call: Call) -> None:
    """API Reference, Publish: KMSNotFound and KMSDisabled."""
    topic = call.backend.topics.get(call.input.get("TopicArn", ""))
    name = topic.kms_master_key_id if topic else None
    if not name or name == "alias/aws/sns":
        return
    key = find(call, name)
    if key is None:
        raise Refusal("KMSNotFound", f"Key '{name}' does not exist")
    if key.key_state != "Enabled":
        raise Refusal("KMSDisabled", f"{key.arn} is {key.key_state}.")
