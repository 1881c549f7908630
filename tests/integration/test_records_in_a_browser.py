"""The page of `seedbed records` in a real browser: what it shows, asks for, and looks like in the dark and on paper."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.settings import load
from tests.browser import ROOT, Browser, browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of prod, as the command writes it."""
    folder = tmp_path_factory.mktemp("records")
    command = [sys.executable, "-m", "seedbed", "records", "prod", "--output", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return folder / "records.html"


@pytest.fixture(scope="module")
def shown() -> Iterator[Browser]:
    with browser() as made:
        yield made


def test_the_page_asks_for_nothing_but_itself_and_the_browser_has_no_complaint(shown, page):
    shown.open(page)

    asked = [one["request"]["url"] for one in shown.heard("Network.requestWillBeSent")]
    assert asked == [page.as_uri()]
    assert shown.heard("Log.entryAdded") == []
    assert shown.heard("Runtime.exceptionThrown") == []
    assert shown.run("document.scripts.length") == 0


def test_every_personal_data_set_is_shown_with_its_legal_basis_and_the_controls_that_protect_it(shown, page):
    shown.open(page)
    cards = shown.run(
        "[...document.querySelectorAll('[data-store]')].map(one => [one.dataset.store, one.innerText,"
        " one.querySelectorAll('.safeguards .satisfied').length])"
    )

    told = {name: (words, count) for name, words, count in cards}
    datasets = load(ROOT / "Pulumi.prod.yaml").environment.datasets
    personal = [one for one in datasets if one.classification in ("personal", "special-category")]
    assert personal
    for one in personal:
        words, safeguards = told[one.name]
        for value in (one.legal_basis, one.purpose, one.register_id, f"{one.retention_days} days", "Art. 6(1)("):
            assert str(value) in words
        assert safeguards >= 10
        assert "control STO-01 satisfied" in words
    listed = shown.run("[...document.querySelectorAll('#stores tbody th')].map(one => one.innerText)")
    assert {one.name for one in datasets} <= set(listed)


def test_every_control_is_in_the_evidence_with_its_articles_and_the_resources_behind_it(shown, page):
    from policies.rule import controls

    shown.open(page)
    rows = shown.run(
        "[...document.querySelectorAll('#evidence tbody tr')].map(one => [...one.cells].map(cell => cell.innerText))"
    )

    told = {row[0]: row for row in rows}
    assert list(told) == [one.id for one in controls()]
    for one in controls():
        assert told[one.id][2] == (", ".join(one.gdpr) or "–")
        assert told[one.id][4].startswith(f"control {one.id} ")
    assert re.match(r"\d+ ", told["STO-01"][5])
    opened = shown.run(
        "(() => { const one = [...document.querySelectorAll('#evidence details')].at(-1);"
        " one.open = true; return one.innerText })()"
    )
    assert "pass: aws:" in opened


@pytest.mark.parametrize(("scheme", "darker"), [("light", False), ("dark", True)])
def test_words_can_be_read_in_the_light_and_in_the_dark(shown, page, scheme, darker):
    shown.open(page, scheme=scheme)
    colours = shown.run(
        "[...document.querySelectorAll('body, h2, dt, caption, a, .satisfied, .violated, .not-asked, .personal,"
        " .confidential, .internal, .public')].map(one => { const own = getComputedStyle(one).color; let at = one;"
        " while (getComputedStyle(at).backgroundColor === 'rgba(0, 0, 0, 0)') at = at.parentElement;"
        " return [one.className || one.tagName, own, getComputedStyle(at).backgroundColor] })"
    )

    assert (lightness(colours[0][2]) < 0.2) is darker
    poor = {name: contrast(text, ground) for name, text, ground in colours if contrast(text, ground) < 4.5}
    assert poor == {}, "WCAG 2.2, 1.4.3: 4.5 to 1"


def test_nothing_is_wider_than_a_telephone_but_what_scrolls_by_itself(shown, page):
    shown.open(page, width=390)

    assert shown.run("document.documentElement.scrollWidth") <= 390


def test_paper_is_white_has_pages_of_a4_and_leaves_out_what_only_a_screen_can_do(shown, page):
    shown.open(page, scheme="dark", media="print")

    assert lightness(shown.run("getComputedStyle(document.body).backgroundColor")) > 0.9
    hidden = "[...document.querySelectorAll('nav, details')].every(one => getComputedStyle(one).display === 'none')"
    assert shown.run(hidden)
    paper = shown.paper()
    assert paper.startswith(b"%PDF-")
    sheets = [tuple(map(float, box.split()[2:])) for box in re.findall(rb"/MediaBox \[([\d. ]+)\]", paper)]
    assert 5 <= len(sheets) <= 60
    assert all(abs(w - 595) < 2 and abs(h - 842) < 2 for w, h in sheets), "A4 in points"


def test_the_ways_of_data_are_drawn_inside_the_picture_and_none_is_without_a_colour(shown, page):
    shown.open(page)
    drawn = shown.run(
        "(() => { const box = document.querySelector('#flows svg').getBoundingClientRect();"
        " const inside = one => { const at = one.getBoundingClientRect(); return at.left >= box.left - 1 &&"
        " at.right <= box.right + 1 && at.top >= box.top - 1 && at.bottom <= box.bottom + 1 };"
        " return [...document.querySelectorAll('#flows svg g, #flows svg path')].map(one =>"
        " [one.textContent, inside(one), getComputedStyle(one).color]) })()"
    )

    assert len(drawn) > 10
    assert [words for words, inside, _ in drawn if not inside] == []
    assert any("store applications → team scoring" in words for words, _, _ in drawn)


def contrast(one: str, other: str) -> float:
    """Contrast of two colours (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((lightness(one), lightness(other)))
    return (high + 0.05) / (low + 0.05)


def lightness(colour: str) -> float:
    """Relative luminance of `rgb(r, g, b)` (WCAG 2.2, "relative luminance")."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
