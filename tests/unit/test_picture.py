import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from components.keys import KeyRing
from components.storage import DatasetStore
from seedbed.picture import bands, cards, draw
from seedbed.rehearsal import rehearse
from tests.unit.components.instances import INSTANCES

ROOT = Path(__file__).parents[2]
ARGS = {i.component: i.args for i in INSTANCES}


def program():
    keys = KeyRing("keys", ARGS[KeyRing])
    DatasetStore("<data>", replace(ARGS[DatasetStore], kms_key_arn=keys.arns["internal"]))


def test_the_shipped_picture_is_that_of_the_shipped_program(tmp_path):
    drawn = tmp_path / "environment.svg"
    subprocess.run([sys.executable, "-m", "seedbed.picture", "prod", str(drawn)], cwd=ROOT, check=True)

    assert drawn.read_text() == (ROOT / "docs" / "environment.svg").read_text(), "run `make docs`"


def test_what_stands_on_another_says_so_and_is_drawn_in_a_band_below_it():
    keys, data = sorted(cards(rehearse(program).resources), key=lambda c: c.noun, reverse=True)

    assert data.stands_on == ((keys.urn, "keys"),)
    assert [(layer, [c.name for c in row]) for layer, row in bands([data, keys])] == [
        ("foundation", ["keys"]),
        ("stores", ["<data>"]),
    ]


def test_every_resource_of_a_card_is_counted_on_it():
    resources = rehearse(program).resources

    for card in cards(resources):
        told = sum(int(n) for line in card.lines for n in re.findall(r"\d+", line))
        told += sum(1 for line in card.lines if not re.match(r"\d", line))
        assert told == sum(r.custom and r.urn.startswith(card.urn.rpartition("::")[0]) for r in resources)


def test_no_card_and_no_word_is_outside_the_picture():
    root = ElementTree.fromstring(draw("A", rehearse(program).resources))
    width, height = (float(root.get(side, "0")) for side in ("width", "height"))

    for group in root.iter("{http://www.w3.org/2000/svg}g"):
        x, y = map(float, re.findall(r"[\d.]+", group.get("transform", "")))
        box = next(group.iter("{http://www.w3.org/2000/svg}rect"))
        assert x + float(box.get("width", "0")) <= width
        assert y + float(box.get("height", "0")) <= height
        for text in group.iter("{http://www.w3.org/2000/svg}text"):
            assert float(text.get("y", "0")) < float(box.get("height", "0"))


def test_a_picture_counts_every_resource_and_needs_nothing_from_outside():
    resources = rehearse(program).resources
    svg = draw("A & B", resources)

    root = ElementTree.fromstring(svg)
    texts = ["".join(t.itertext()) for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert f"{sum(r.custom for r in resources)} resources" in " ".join(texts)
    assert {"A & B", "<data>", "personal"} <= set(texts)
    assert not re.search(r'(href|src)="|url\(http', svg)
