"""The written form of quantities, against the form that Kubernetes' own client library reads."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

from components.quantity import cores, count, size


@pytest.mark.parametrize(
    ("written", "is_right"),
    [
        (size(0), "0"),
        (size(0.5), "512Mi"),
        (size(1), "1Gi"),
        (size(1000), "1000Gi"),
        (size(1024), "1Ti"),
        (size(1536), "1536Gi"),
        (size(1024 * 1024), "1Pi"),
        (cores(0), "0"),
        (cores(0.25), "250m"),
        (cores(2), "2"),
        (cores(999), "999"),
        (cores(64000), "64k"),
        (count(0), "0"),
        (count(1000), "1k"),
        (count(1500), "1500"),
    ],
)
def test_a_quantity_has_the_largest_suffix_and_no_fraction(written, is_right):
    assert written == is_right


@given(st.integers(0, 10**9))
def test_nothing_is_lost(number):
    assert parse_quantity(count(number)) == number
    assert parse_quantity(cores(number / 1000)) == Decimal(number) / 1000
    assert parse_quantity(size(number / 1024)) == number * 2**20
