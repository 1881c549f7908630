"""Configuration of an environment's levels that cannot be used."""

import pytest

from policies.rule import ConfigError, Stack, config, judge
from tests.policies.cases import TODAY, resources


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


@pytest.mark.parametrize(
    ("environment", "account", "expected"),
    [
        ("prod", "333333333333", "pass"),
        ("prod", "999999999999", "fail"),
        ("prod", "111111111111", "fail"),
        ("dev", "999999999999", "fail"),
        ("shop-live", "999999999999", "pass"),
    ],
)
def test_an_environment_has_its_account_and_one_with_the_levels_of_prod_not_that_of_prod(
    environment, account, expected
):
    provider = {"type": "pulumi:providers:aws", "name": "one", "props": {"allowedAccountIds": [account]}}
    some = resources([provider], environment)

    assert judge(Stack(some), config(environment), today=TODAY).states("GOV-02")[some[-1].urn] == expected
