"""CBOR as RFC 8949 tells of it, with values of its appendix A."""

from datetime import UTC, datetime

import pytest

from localcloud.cbor import decoded, encoded


@pytest.mark.parametrize(
    ("value", "content"),
    [
        (0, "00"),
        (24, "1818"),
        (1000000, "1a000f4240"),
        (18446744073709551615, "1bffffffffffffffff"),
        (-1000, "3903e7"),
        (1.1, "fb3ff199999999999a"),
        (False, "f4"),
        (None, "f6"),
        (datetime.fromtimestamp(1363896240.5, UTC), "c1fb41d452d9ec200000"),
        (b"\x01\x02\x03\x04", "4401020304"),
        ("ü", "62c3bc"),
        ([1, [2, 3], [4, 5]], "8301820203820405"),
        ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    ],
)
def test_values_have_the_bytes_of_the_standard(value, content):
    assert encoded(value).hex() == content
    assert decoded(bytes.fromhex(content)) == value


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("f93c00", 1.0),
        ("fa47c35000", 100000.0),
        ("c11a514b67b0", datetime.fromtimestamp(1363896240, UTC)),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ],
)
def test_other_forms_of_values_are_read(content, value):
    assert decoded(bytes.fromhex(content)) == value


@pytest.mark.parametrize("content", ["", "18", "6261", "0000", "ff", "1c", "f8ff"])
def test_what_is_no_value_is_told(content):
    with pytest.raises(ValueError, match="CBOR"):
        decoded(bytes.fromhex(content))
