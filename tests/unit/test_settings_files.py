import json
import textwrap

import pytest

from stacks.reading.yaml_file import LARGEST
from stacks.settings import SettingsError, load, read
from tests.unit.environment_values import KEY

START = "config:\n  aws:region: eu-central-1\n  aws:allowedAccountIds: ['111111111111']\n  seedbed:environment:\n"
SMALL = f"""{START}    owner: a@example.com
    residency: eu
    network: {{cidr: 10.0.0.0/16, zones: 2, egress: single-nat}}
"""
AS_JSON = json.dumps(
    {
        "network": {"cidr": "10.0.0.0/16", "egress": "single-nat", "zones": 2},
        "owner": "a@example.com",
        "residency": "eu",
    }
)


@pytest.fixture
def told(tmp_path):
    """What the reader has against a file with this content."""

    def problems(content, name="Pulumi.dev.yaml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(SettingsError) as error:
            load(path)
        assert str(path) in str(error.value)
        return error.value.problems

    return problems


@pytest.fixture
def taken(tmp_path):
    """The environment that a file with this content makes."""

    def environment(content):
        path = tmp_path / "Pulumi.dev.yaml"
        path.write_text(content, encoding="utf-8")
        return load(path).environment

    return environment


def test_a_file_with_five_mistakes_is_told_five_problems_with_path_and_line(told):
    content = textwrap.dedent("""\
        config:
          aws:region: eu-west-2
          aws:allowedAccountIds: ["111111111111"]
          seedbed:environment:
            owner: ml-platform@example.com
            residency: eu
            network: {cidr: 10.40.0.0/16, zones: "3", egress: nat-per-zone}
            datasets:
              - name: applications
                classification: personal
                purpose: credit scoring
                legalBasis: contract
                retentionDay: 730
            queues: {version: "1.34"}
            teams:
              - {name: scoring, datasets: [applicatons]}
        """)
    assert [(p.path, p.line, p.found, p.fix) for p in told(content)] == [
        (
            "aws:region",
            2,
            '"eu-west-2"',
            "choose one of these regions, or say residency: none if data may leave the European Economic Area",
        ),
        (f"{KEY}.network.zones", 7, '"3" (a text)', "write 3 without quotes"),
        (f"{KEY}.datasets[0].retentionDay", 13, "730", "rename it to retentionDays"),
        (
            f"{KEY}.queues",
            14,
            "a mapping with version",
            "remove it",
        ),
        (f"{KEY}.teams[0].datasets[0]", 16, '"applicatons"', "write applications"),
    ]


@pytest.mark.parametrize(
    ("content", "wrong", "line"),
    [
        ("", "is not an environment file", None),
        ("# only a comment\n", "is not an environment file", None),
        ("- a\n- b\n", "is not an environment file", None),
        ("text", "is not an environment file", None),
        ("00", "is a number that programs read differently", 1),
        ("config: {\n", "is not YAML", 2),
        ("config:\n\taws:region: x\n", "is not YAML", 2),
        ("config: 'a\n", "is not YAML", 2),
        ("config: *nobody\n", "is not YAML", 1),
        ("config: @x\n", "is not YAML", 1),
        ("config: {}\n---\nconfig: {}\n", "is not YAML", 2),
        ("%YAML 9.9\n---\nconfig: {}\n", "is not YAML", 1),
        ("a: \x00\n", "is not YAML", None),
        (b"config: \xff\xfe\n", "is not text", 1),
        (b"\n\nconfig: \xe4\n", "is not text", 3),
        (bytes(range(256)), "is not text", 2),
        ("# " + "x" * LARGEST, "is too large", None),
        ("[" * 50_000, "is nested too deep or says too much", 1),
        ("{a: " * 50_000, "is nested too deep or says too much", 1),
        ("- " * 50_000, "is nested too deep or says too much", 1),
        ("\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]" for n in range(1, 15))]),
         "is nested too deep or says too much", None),
        ("[" + "x," * 20_000 + "]", "is nested too deep or says too much", 1),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_told_with_its_path_and_line(told, tmp_path, content, wrong, line):
    (problem,) = told(content)
    assert problem.wrong == wrong
    assert problem.path == str(tmp_path / "Pulumi.dev.yaml")
    assert line is None or problem.line == line
    assert problem.fix


@pytest.mark.parametrize(
    ("content", "path", "wrong", "line"),
    [
        ("confg: {}\n", "confg", "is a key that nothing reads", 1),
        ("config: 3\n", "config", "has the wrong type", 1),
        ("config:\n", "config", "has the wrong type", 1),
        ("secretsprovider: passphrase\n", "config", "is missing", 1),
    ],
)
def test_a_file_without_its_config_is_told(told, content, path, wrong, line):
    (problem,) = told(content)
    assert (problem.path, problem.wrong, problem.line) == (path, wrong, line)


@pytest.mark.parametrize(
    ("line", "path", "wrong"),
    [
        ("owner: b@example.com", "owner", "stands there twice"),
        ("<<: {system: bank}", "<<", "is a merge key"),
        ("1: x", "1", "is not a key"),
        ("true: x", "true", "is not a key"),
        ("[a]: x", "?", "is not a key"),
        ("? {a: b}\n    : x", "?", "is not a key"),
        ("system: !!binary YWJj", "system", "is not plain"),
        ("system: !!python/name:os.system ''", "system", "is not plain"),
        ("system: !!python/object/apply:os.getcwd []", "system", "has a tag"),
        ("system: !!set {a}", "system", "has a tag"),
        ("costCenter: 2026-01-31", "costCenter", "is read as a date"),
        ("costCenter: 0815", "costCenter", "is a number that programs read differently"),
        ("costCenter: 0x1F", "costCenter", "is a number that programs read differently"),
        ("costCenter: 1_000", "costCenter", "is a number that programs read differently"),
        ("costCenter: " + "9" * 6000, "costCenter", "is a number that programs read differently"),
        ("costCenter: .inf", "costCenter", "has the wrong type"),
        ("costCenter: ~", "costCenter", "has no value"),
        ("costCenter:", "costCenter", "has no value"),
        ("costCenter: {secure: AAABAJ}", "costCenter", "is encrypted"),
        ('costCenter: "a\\0b"', "costCenter", "is not well-formed"),
        ("datasets: []\n    datasets: []", "datasets", "stands there twice"),
        ("logs: {retentionDays: 90, retentionDays: 90}", "logs.retentionDays", "stands there twice"),
    ],
)
def test_yaml_that_could_be_read_in_two_ways_is_refused_where_it_stands(told, line, path, wrong):
    (problem,) = told(f"{SMALL}    {line}\n")
    step = path if path[0].isalpha() else f'["{path}"]'
    assert problem.path == (f"{KEY}.{path}" if path[0].isalpha() else f"{KEY}{step}")
    assert problem.wrong == wrong
    assert problem.line >= SMALL.count("\n") + 1
    assert problem.fix


def test_a_value_that_contains_itself_is_refused(told):
    problems = told(f"{SMALL}    logs: &all {{retentionDays: *all}}\n")
    (deep,) = [problem for problem in problems if problem.wrong == "is nested too deep"]
    assert deep.path.startswith(f"{KEY}.logs.retentionDays.retentionDays")
    assert [problem.path for problem in problems if problem is not deep] == [f"{KEY}.logs.retentionDays"]


@pytest.mark.parametrize(("word", "read_as"), [("yes", "yes"), ("on", "on"), ("1:30", "1:30"), ("NO", "NO")])
def test_words_that_only_old_yaml_takes_for_values_are_text_as_in_the_engine(taken, word, read_as):
    assert taken(f"{SMALL}    costCenter: {word}\n").cost_center == read_as


def test_an_alias_is_read_as_often_as_it_stands(taken):
    data = "datasets: [{name: events, classification: internal}]"
    teams = "teams: [{name: one, datasets: &all [events]}, {name: two, datasets: *all}]"
    assert [team.datasets for team in taken(f"{SMALL}    {data}\n    {teams}\n").teams] == [("events",)] * 2


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(taken):
    assert taken("\ufeff" + SMALL.replace("\n", "\r\n")).owner == "a@example.com"


def test_the_environment_may_stand_in_the_file_as_the_engine_writes_it(taken):
    start = START.removesuffix("\n")
    assert taken(f"{start} '{AS_JSON}'\n") == taken(SMALL)


def test_what_the_engine_keeps_at_the_top_of_the_file_is_left_alone(taken):
    assert (
        taken(f"secretsprovider: passphrase\nencryptionsalt: v1:abc=\nenvironment: [shared]\n{SMALL}").system
        == "seedbed"
    )


@pytest.mark.parametrize("name", ["dev.yaml", "Pulumi.yaml", "Pulumi..yaml", "Pulumi.dev.yml"])
def test_a_file_whose_name_says_no_environment_is_refused(told, name):
    (problem,) = told(SMALL, name)
    assert problem.wrong == "has the wrong name"
    assert problem.allowed == "Pulumi.<environment>.yaml"


def test_a_file_whose_environment_cannot_start_a_name_is_refused(told):
    (problem,) = told(SMALL, "Pulumi.Dev.yaml")
    assert problem.wrong == "is no name for an environment"


def test_a_file_that_is_not_there_or_is_a_folder_is_told(tmp_path):
    (tmp_path / "Pulumi.folder.yaml").mkdir()
    for name in ("Pulumi.missing.yaml", "Pulumi.folder.yaml"):
        with pytest.raises(SettingsError) as error:
            load(tmp_path / name)
        (problem,) = error.value.problems
        assert problem.wrong == "cannot be read"
        assert problem.path == str(tmp_path / name)


def test_of_very_many_problems_the_first_hundred_are_told(told):
    content = SMALL + "".join(f"    wrong{number}: 1\n" for number in range(3000))
    problems = told(content)
    assert len(problems) == 101
    assert problems[0].path == f"{KEY}.wrong0"
    assert problems[-1].wrong == "and 2900 more problems"


def test_the_engine_and_the_file_give_the_same_settings(tmp_path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(SMALL)
    assert load(path) == read(
        "dev",
        {
            "aws:region": "eu-central-1",
            "aws:allowedAccountIds": '["111111111111"]',
            KEY: AS_JSON,
        },
    )
