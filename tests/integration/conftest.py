"""The environment `local` as `make up` makes it, brought up once for all tests that look at it."""

from collections.abc import Iterator

import pytest

from tests.integration.house import House, house, shipped


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which the shipped `local` is up; a test that changes something puts it back."""
    with house(tmp_path_factory.mktemp("home")) as made:
        made.write("local", shipped("local"))
        made.first_up = made.seedbed("up", "local").output
        yield made
