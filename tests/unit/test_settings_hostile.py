"""Hostile environment files: 10,000 of them, each taken or refused with paths, none a traceback."""

import copy
import json
import random

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stacks.settings import Settings, SettingsError, load, read
from tests.unit.environment_values import KEY
from tests.unit.kubernetes_values import WHOLE as SOUND

QUICK = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}

NASTY = [
    None, True, False, 0, -1, 1, 2**63, 10**5000, 0.5, 3.0, float("nan"), float("inf"), "", " ", "x", "3", "true",
    "null", "{}", "[]", "yes", "eu", "a" * 5000, "\x00", "\x1b[2J", "\ud800", "ü", "../..", "${x}", "*", "a:b",
    "arn:aws:iam::111111111111:role/", "10.0.0.0/33", "0.0.0.0/0", "10.0.0.0/16\n", "personal", "special-category",
    [], {}, [[]], [{}], [None], {"secure": "x"}, {"": None}, {"existing": None}, {"existing": {}}, {None: 1}, {3: 4},
    (), set(), b"\xff", object(), [1, "a", None], {"a": {"b": {"c": {}}}},
]  # fmt: skip
KEYS = ["owner", "ownr", "existing", "cidr", "zones", "name", "cluster", "capture", "min", "secure", "", "a.b", "\x00"]


def places(value, path=()):
    """Every place in a structure, the top first."""
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in entries:
        yield from places(below, (*path, key))


PLACES = [path for path in places(SOUND) if path]


def mutated(seed, times):
    """The sound environment after some random changes: put in, take out, rename, repeat, swap."""
    chance = random.Random(seed)
    config = copy.deepcopy(SOUND)
    for _ in range(times):
        path = chance.choice(PLACES)
        at = config
        try:
            for key in path[:-1]:
                at = at[key]
            act, key = chance.randrange(6), path[-1]
            if act == 0:
                at[key] = chance.choice(NASTY)
            elif act == 1:
                del at[key]
            elif act == 2 and isinstance(at, dict):
                at[chance.choice(KEYS)] = at.pop(key)
            elif act == 3 and isinstance(at, list):
                at.append(copy.deepcopy(at[key]))
            elif act == 4:
                at[key] = copy.deepcopy(config[chance.choice(list(config))])
            else:
                at[chance.choice(KEYS) if isinstance(at, dict) else key] = chance.choice(NASTY)
        except (KeyError, IndexError, TypeError):
            continue
    return config


def outcome(reader):
    try:
        return reader()
    except SettingsError as error:
        return error


def judged(reader):
    """Problems that a reader tells, of which each is complete; none where it gives settings."""
    result = outcome(reader)
    if isinstance(result, Settings):
        return []
    assert result.problems
    for problem in result.problems:
        assert problem.path.strip()
        assert problem.path.isprintable()
        assert len(problem.path) < 1000
        assert problem.wrong
        assert problem.found
        assert problem.allowed
        assert problem.fix
    assert len(str(result)) < 200_000
    assert str(result).encode()
    return result.problems


def starts_at_a_key(problems, config):
    known = {str(key)[:40] for key in config} | {"aws:", "seedbed:", "environment"}
    return all(
        any(problem.path.startswith(start) for start in known) or not problem.path[0].isalpha() for problem in problems
    )


ODD = {
    "nothing": None,
    "true": True,
    "a huge number": 10**5000,
    "no number": float("nan"),
    "no text": "",
    "half a character": "\ud800",
    "a long text": "a" * 5000,
    "an empty list": [],
    "an empty mapping": {},
    "a list of nothing": [None],
    "an object": object(),
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_each_place_of_a_sound_file_with_something_else_in_it_is_taken_or_refused_with_paths(value):
    for path in PLACES:
        config = copy.deepcopy(SOUND)
        at = config
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        judged(lambda config=config: read("dev", config))


@settings(max_examples=600, **QUICK)
@given(st.integers(0, 2**64), st.integers(1, 4))
def test_ten_sound_files_with_random_changes_are_taken_or_refused_with_paths(seed, times):
    for number in range(10):
        config = mutated(seed + number, times)
        problems = judged(lambda config=config: read("dev", config))
        assert starts_at_a_key(problems, config)


OURS = [*SOUND, *SOUND[KEY], "aws:x", "seedbed:x", "pulumi:tags", "x", *KEYS]


def structure(chance, depth):
    """Something that a file or the engine could hold, and some things that neither could."""
    kind = chance.randrange(8) if depth else 7
    if kind < 3:
        return {
            chance.choice(OURS) if chance.randrange(9) else chance.choice([None, 3, 0.5, True, (1,)]): structure(
                chance, depth - 1
            )
            for _ in range(chance.randrange(7))
        }
    if kind < 5:
        return [structure(chance, depth - 1) for _ in range(chance.randrange(5))]
    return chance.choice(NASTY)


@settings(max_examples=1000, **QUICK)
@given(st.integers(0, 2**64), st.booleans())
def test_arbitrary_structures_are_refused_with_paths(seed, below):
    chance = random.Random(seed)
    values = {chance.choice(OURS): structure(chance, 5) for _ in range(6)}
    config = {**SOUND, KEY: values} if below else values
    assert judged(lambda: read("dev", config))


@settings(max_examples=1000, **QUICK)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_arbitrary_bytes_are_refused_with_the_path_of_the_file(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "Pulumi.dev.yaml"
    path.write_bytes(content)
    assert judged(lambda: load(path))


TEXT = yaml.safe_dump({"config": SOUND}, sort_keys=False)
SNIPPETS = ["&a ", "*a", "<<: ", "!!set ", "- ", "? ", "{", "}", "[", "]", ":", "#", "\t", "'", '"', "|\n", "%",
            "---\n", "\x00", "\ufeff", "~", "!!python/object:os.system ", "0x1", "\n", " ", "@", "`"]  # fmt: skip


@settings(max_examples=1000, **QUICK)
@given(st.integers(0, 2**64), st.integers(1, 5))
def test_a_sound_file_with_random_characters_in_it_is_taken_or_refused_with_paths(tmp_path_factory, seed, times):
    chance, text = random.Random(seed), TEXT
    for _ in range(times):
        start = chance.randrange(len(text))
        text = text[:start] + chance.choice(SNIPPETS) + text[start + chance.randrange(3) :]
    path = tmp_path_factory.getbasetemp() / "Pulumi.dev.yaml"
    path.write_text(text, encoding="utf-8")
    judged(lambda: load(path))


@settings(max_examples=150, **QUICK)
@given(st.integers(0, 2**64))
def test_a_file_and_the_engine_are_judged_alike(tmp_path_factory, seed):
    config = mutated(seed, 1)
    if not all(isinstance(config.get(key, ""), str) for key in ("aws:region", "aws:profile")):
        return  # the engine makes text of every scalar, so it cannot tell that one was none
    try:
        over_the_engine = {k: v if isinstance(v, str) else json.dumps(v, allow_nan=False) for k, v in config.items()}
        text = yaml.safe_dump({"config": json.loads(json.dumps(config, allow_nan=False))}, allow_unicode=True)
    except (TypeError, ValueError):
        return
    path = tmp_path_factory.getbasetemp() / "Pulumi.dev.yaml"
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    by_file, by_engine = judged(lambda: load(path)), judged(lambda: read("dev", over_the_engine))
    assert bool(by_file) == bool(by_engine)
