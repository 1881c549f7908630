"""The page of the guide about each type is current and whole."""

import pytest

from tests.localcloud import types_page
from tests.localcloud.types_page import PAGE, page, types

LISTED = PAGE.parents[1] / "engine" / "aws" / "resources.txt"


def test_the_page_is_current():
    assert PAGE.read_text() == page(), "run: make docs"


def test_every_type_that_the_provider_offers_is_on_the_page():
    lines = [line for line in LISTED.read_text().splitlines() if line.split("#")[0].strip()]
    assert sorted(types()) == sorted(line.split()[1] for line in lines)


def test_every_type_keeps_something_and_every_sentence_is_one():
    for token, facts in types().items():
        assert facts.kept, token
        assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in facts.cannot), token


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: {kept: [b], keeps: [c]}", "found keeps; allowed are kept, untold, cannot"),
        ("a: {kept: [b, b]}", "said twice: b"),
        ("a: {kept: [b], untold: [b]}", "said twice: b"),
    ],
)
def test_a_wrong_file_is_told(tmp_path, monkeypatch, text, found):
    (tmp_path / "wrong.yaml").write_text(text)
    monkeypatch.setattr(types_page, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=found):
        types()
