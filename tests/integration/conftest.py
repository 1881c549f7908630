"""Environments that are brought up once for all tests that look at them."""

from collections.abc import Iterator

import pytest

from tests.integration.house import House, house, shipped, without_cluster


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which `local` is up without its cluster; a test that changes something puts it back."""
    with house(tmp_path_factory.mktemp("home")) as made:
        made.write("local", without_cluster("local"))
        made.first_up = made.seedbed("up", "local").output
        yield made


@pytest.fixture(scope="session")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("whole")) as made:
        made.write("local", shipped("local"))
        yield made


@pytest.fixture
def whole(_whole: House) -> House:
    """A house in which the shipped `local` is up as `make up` makes it; whoever takes it down need not put it back."""
    return _up(_whole)


@pytest.fixture(scope="module")
def whole_for_a_file(_whole: House) -> House:
    """The same for a file whose tests look at what ran in it once, and that leaves it up."""
    return _up(_whole)


def _up(made: House) -> House:
    if not made.saved("local"):
        made.first_up = made.seedbed("up", "local").output
    return made
