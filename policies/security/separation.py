"""Keys: one population of data each."""

from collections.abc import Iterator

from policies.customer_keys import KEY
from policies.rule import Parameters, Problem, Resource, Stack, UndeterminedError, control, fail, skip, undetermined
from policies.stores import ENCRYPTION, STORES, keys_of
from policies.tags import PERSONAL, tag


@control(
    "KMS-03",
    title="One key, one data class",
    kind="stack",
    severity="medium",
    types=(KEY, *STORES, *ENCRYPTION),
    subjects=(KEY,),
    basis=("17(1)", "5(1)(b)", "32(1)(a)"),
    refs=("design:own (crypto-erasure boundary)",),
)
def a_key_is_for_one_population(key: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """The stores that a key of the stack encrypts share one data-class and, where that is personal or special, one
    purpose: whoever may decrypt for one purpose reads nothing else, and destroying the key erases one population.
    """
    some = [store for store in stack.of(STORES) if any(one.urn == key.urn for one in keys_of(store, stack))]
    if not some:
        yield skip("encrypts no store")
        return
    yield from _shared(some, stack, "data-class")
    if any(_known(store, stack, "data-class") in PERSONAL for store in some):
        yield from _shared(some, stack, "purpose")


def _shared(some: list[Resource], stack: Stack, name: str) -> Iterator[Problem]:
    found = {store.name: _known(store, stack, name) for store in some}
    known = {value for value in found.values() if value is not None}
    where = f"{some[0].type.rpartition(':')[2]}.tags.{name}"
    if len(known) > 1:
        fix = f"give each {name} a key of its own"
        yield fail(where, f"{len(known)} different ones share the key ({', '.join(sorted(found))})", fix)
    elif None in found.values() and len(found) > 1:
        yield undetermined(where)


def _known(store: Resource, stack: Stack, name: str) -> str | None:
    """The tag, empty when absent, None when it is unknown."""
    try:
        return tag(store, stack, name)
    except UndeterminedError:
        return None
