"""The policy language as the IAM User Guide tells it."""

import pytest

from localcloud.policy_language import Request, conditions_hold, effects

ROLE = "arn:aws:iam::000000000000:role/reader"


def ask(statement, context=None, *, action="s3:GetObject", resource="arn:aws:s3:::b/team/x", principal=ROLE):
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", **statement}}
    account = None if principal is None else "000000000000"
    return effects(document, Request((action,), resource, principal, account, context or {}))


@pytest.mark.parametrize(
    ("operator", "wanted", "found", "holds"),
    [
        ("StringEquals", "a", ["a"], True),
        ("StringEquals", ["b", "a"], ["a"], True),
        ("StringEquals", "A", ["a"], False),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIgnoreCase", "A", ["a"], True),
        ("StringNotEquals", "a", ["b"], True),
        ("StringNotEquals", ["a", "b"], ["b"], False),
        ("StringNotEquals", "a", None, True),
        ("StringLike", "te?m/*", ["team/x/y"], True),
        ("StringLike", "team", ["team/x"], False),
        ("StringNotLike", "team/*", ["team/x"], False),
        ("Bool", "false", ["false"], True),
        ("Bool", False, ["false"], True),
        ("Bool", "false", None, False),
        ("BoolIfExists", "false", None, True),
        ("Null", "true", None, True),
        ("Null", "true", ["x"], False),
        ("Null", "false", ["x"], True),
        ("NumericLessThan", "1.2", ["1.1"], True),
        ("NumericLessThan", "1.2", ["1.3"], False),
        ("NumericGreaterThanEquals", 10, ["10"], True),
        ("NumericEquals", "1", ["one"], False),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", ["2026-06-01T00:00:00+00:00"], True),
        ("DateLessThan", "1767225600", ["2026-06-01T00:00:00Z"], False),
        ("IpAddress", "10.0.0.0/8", ["10.1.2.3"], True),
        ("IpAddress", "10.0.0.0/8", ["127.0.0.1"], False),
        ("NotIpAddress", ["10.0.0.0/8", "192.168.0.0/16"], ["192.168.1.1"], False),
        ("NotIpAddress", "10.0.0.0/8", ["127.0.0.1"], True),
        ("ArnEquals", "arn:aws:iam::*:role/r*", ["arn:aws:iam::000000000000:role/reader"], True),
        ("ArnLike", "arn:aws:iam:*:role/r*", ["arn:aws:iam::000000000000:role/reader"], False),
        ("ArnNotLike", "arn:aws:iam::*:role/r*", ["arn:aws:iam::000000000000:role/reader"], False),
        ("ForAnyValue:StringEquals", ["a", "b"], ["c", "a"], True),
        ("ForAnyValue:StringEquals", ["a", "b"], ["c"], False),
        ("ForAnyValue:StringEquals", "a", None, False),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", "a", None, True),
    ],
)
def test_an_operator_holds_as_documented(operator, wanted, found, holds):
    context = {} if found is None else {"aws:key": found}
    assert conditions_hold({operator: {"aws:Key": wanted}}, context) is holds


def test_all_conditions_of_a_statement_must_hold():
    conditions = {"Bool": {"aws:SecureTransport": "true"}, "StringLike": {"s3:prefix": "team/*"}}
    assert conditions_hold(conditions, {"aws:securetransport": ["true"], "s3:prefix": ["team/"]})
    assert not conditions_hold(conditions, {"aws:securetransport": ["true"], "s3:prefix": ["other/"]})


def test_a_variable_stands_for_the_callers_own_value():
    own = {"Resource": "arn:aws:s3:::b/${aws:username}/*"}
    assert ask(own, {"aws:username": ["team"]}) == {"Allow"}
    assert ask(own, {"aws:username": ["t*"]}) == set()
    assert ask(own) == set()
    assert ask({"Resource": "arn:aws:s3:::b/${aws:username, 'team'}/*"}) == {"Allow"}
    assert ask({"Resource": "arn:aws:s3:::b/${*}"}, resource="arn:aws:s3:::b/*") == {"Allow"}


@pytest.mark.parametrize(
    ("principal", "applies"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": ROLE}, True),
        ({"AWS": [ROLE + "s"]}, False),
        ({"AWS": "000000000000"}, True),
        ({"AWS": "arn:aws:iam::000000000000:root"}, True),
        ({"AWS": "arn:aws:iam::111111111111:root"}, False),
        ({"Service": "logging.s3.amazonaws.com"}, False),
    ],
)
def test_a_principal_names_whom_it_says(principal, applies):
    assert bool(ask({"Principal": principal})) is applies
    assert bool(ask({"NotPrincipal": principal})) is not applies


def test_no_one_is_only_whom_everyone_includes():
    assert ask({"Principal": "*"}, principal=None) == {"Allow"}
    assert ask({"Principal": {"AWS": "000000000000"}}, principal=None) == set()


def test_actions_match_without_case_and_resources_with():
    assert ask({"Action": "S3:get*"}) == {"Allow"}
    assert ask({"NotAction": "s3:Get*"}) == set()
    assert ask({"Resource": "arn:aws:s3:::B/*"}) == set()
    assert ask({"NotResource": "arn:aws:s3:::b/other/*"}) == {"Allow"}
