"""Inputs straight from the engine's message, against what the SDK makes of the same message."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import json_format
from pulumi_policy.deserialize import (
    SPECIAL_ARCHIVE_SIG,
    SPECIAL_ASSET_SIG,
    SPECIAL_SECRET_SIG,
    SPECIAL_SIG_KEY,
    deserialize_properties,
)
from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE, UNKNOWN_NUMBER_VALUE, unknown_checking_proxy

from policies.inputs import Sent, plain
from policies.rule import UNKNOWN
from tests.policies.cases import cases, world
from tests.policies.test_controls import struct

ROOT = Path(__file__).parents[2]

ASSET = {SPECIAL_SIG_KEY: SPECIAL_ASSET_SIG, "text": "hello", "hash": "2cf2"}


def test_the_inputs_of_every_fixture_are_those_that_the_sdk_decodes():
    for one in [*world(), *(one for case in cases() for one in case.resources)]:
        message = struct(one.props)
        assert plain(Sent(message)) == plain(decoded(message)), one.urn


@pytest.mark.parametrize(
    "value",
    [
        {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": "hush"},
        {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": {"deep": [UNKNOWN_NUMBER_VALUE]}},
        ASSET,
        {SPECIAL_SIG_KEY: SPECIAL_ARCHIVE_SIG, "assets": {"one.txt": ASSET}},
        [{"of many": {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": ["hush"]}}],
        [None, True, 7, 7.5, "", [], {}, UNKNOWN_ARRAY_VALUE],
        {"__defaults": [], "kept": {"__inner": 1, "kept": 2}},
    ],
)
def test_secrets_assets_and_marks_are_what_the_sdk_makes_of_them(value):
    message = struct({"it": value, "__defaults": []})
    assert plain(Sent(message)) == plain(decoded(message))


def test_a_secret_is_judged_by_what_it_holds_and_a_marker_is_unknown():
    message = struct({"it": {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": ["hush", UNKNOWN_NUMBER_VALUE]}})
    assert plain(Sent(message)) == {"it": ["hush", UNKNOWN]}


def test_a_number_that_json_does_not_have_is_refused_as_the_sdk_refuses_it():
    message = struct({"it": float("nan")})
    for judged in (lambda: plain(Sent(message)), lambda: plain(decoded(message))):
        with pytest.raises(ValueError, match=r"number|NaN"):
            judged()


def test_inputs_that_the_sdk_itself_reads_are_decoded_for_it():
    sent = Sent(struct({"names": ["one"], "level": 2}))
    assert sent.copy() == {"names": ["one"], "level": 2.0}
    assert dict(sent) == sent.copy()
    assert len(sent) == 2
    assert sent


def test_a_pack_that_is_served_objects_to_the_same_as_one_whose_inputs_the_sdk_decodes(tmp_path):
    """In processes of their own, because the SDK stays as it is changed."""
    program = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from policies import inputs\n"
        "from policies.control import PACKS\n"
        "if sys.argv[1] == 'as served': inputs.undecoded()\n"
        "from tests.policies.cases import cases\n"
        "from tests.policies.test_controls import said\n"
        "heard = {f'{case.id} {pack}': {id: sorted(how) for id, how in "
        "said(case.resources, pack, Path(sys.argv[2]), case).items()} "
        "for case in cases() if case.kind in ('bad', 'unknown') for pack in PACKS}\n"
        "print(json.dumps(heard, sort_keys=True))\n"
    )

    def heard(how: str) -> dict[str, dict[str, list[str]]]:
        done = subprocess.run(
            [sys.executable, "-c", program, how, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    served = heard("as served")
    assert sum(bool(objections) for objections in served.values()) > 150
    assert served == heard("as the SDK decodes")


def decoded(message):
    """Inputs as the SDK hands them to a policy."""
    return unknown_checking_proxy(deserialize_properties(json_format.MessageToDict(message)))
