"""What takes the place of a function of moto's takes what moto gives it."""

from types import ModuleType

import pytest

from localcloud import overlay


def moto() -> ModuleType:
    module = ModuleType("moto.something")
    vars(module)["given"] = lambda instance, size=1: (instance, size)
    return module


def test_what_is_not_there_is_not_replaced():
    with pytest.raises(AttributeError, match=r"moto\.something of moto has no gone"):
        overlay.replaces(moto(), "gone")(lambda: None)


def test_an_argument_that_moto_may_name_is_taken():
    with pytest.raises(TypeError, match="replace given of moto and does not take instance, size"):
        overlay.replaces(moto(), "given")(lambda holder: holder)


def test_what_takes_the_same_names_or_all_takes_the_place():
    for new in (lambda instance, size: instance, lambda *_, **__: None):
        module = moto()

        overlay.replaces(module, "given")(new)

        assert vars(module)["given"] is new
