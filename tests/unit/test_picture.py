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
    subprocess.run([sys.executable, "-m", "seedbed.picture", "dev", str(drawn)], cwd=ROOT, check=True)

    assert drawn.read_text() == (ROOT / "docs" / "environment.svg").read_text(), "run `make docs`"


def test_what_stands_on_another_is_drawn_below_it():
    keys, data = sorted(cards(rehearse(program).resources), key=lambda c: c.noun, reverse=True)

    assert data.stands_on == {keys.urn}
    assert [[c.name for c in row] for row in bands([keys, data])] == [["keys"], ["<data>"]]


def test_a_picture_counts_every_resource_and_needs_nothing_from_outside():
    resources = rehearse(program).resources
    svg = draw("A & B", resources)

    root = ElementTree.fromstring(svg)
    texts = ["".join(t.itertext()) for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert f"{sum(r.custom for r in resources)} resources" in " ".join(texts)
    assert {"A & B", "<data>", "personal"} <= set(texts)
    assert not re.search(r'(href|src)="|url\(http', svg)
