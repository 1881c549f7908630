"""Configuration of an environment's levels that cannot be used."""

import pytest

from policies.rule import ConfigError, config


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "must be an object"),
        ('{"levels": []}', "must be an object of objects"),
        ('{"levels": {"STO-01": "strict"}}', 'levels.STO-01 is "strict"; allowed are advisory, mandatory, disabled'),
        ('{"levels": {"STO-1": "advisory"}}', "levels.STO-1 names no control; write STO-01"),
    ],
)
def test_a_configuration_that_cannot_be_used_says_which_file_and_what_is_allowed(content, message, tmp_path):
    (tmp_path / "defaults.json").write_text('{"parameters": {}}')
    (tmp_path / "dev.json").write_text(content)

    with pytest.raises(ConfigError, match=r"dev\.json") as raised:
        config("dev", tmp_path)
    assert message in str(raised.value)
