"""What the guides claim, run."""

import re
from pathlib import Path

import pytest

from seedbed.check import check
from stacks.settings import load
from tests.unit.components.instances import INSTANCES
from tests.unit.deploy import deploy

ROOT = Path(__file__).parents[2]
PROGRAMS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "components.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: re.findall(r"^(\w+)\(", p, re.MULTILINE)[-1])
def test_a_component_stands_alone_as_the_guide_shows(program):
    assert deploy(lambda: exec(program, {}))


def test_the_guide_shows_every_component():
    shown = {re.findall(r"^(\w+)\(", p, re.MULTILINE)[-1] for p in PROGRAMS}
    assert shown == {i.component.__name__ for i in INSTANCES}


def test_the_environment_that_readme_shows_is_sound_and_passes_the_policies(tmp_path):
    (shown,) = re.findall(r"```yaml\n(config:.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(shown)
    load(file)

    verdict, _ = check("dev", file)
    assert not verdict.blocking
    assert not verdict.advisory


def test_every_link_of_the_guides_leads_somewhere():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} points at {target}"
