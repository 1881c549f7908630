"""Every fault that is put into a rule is met, or does nothing."""

import ast

import pytest

from policies.rule import Stack, judge
from tests.policies.cases import TODAY
from tests.policies.deviations import deviations
from tests.policies.rule_mutants import equivalents, modules, tried
from tests.policies.rule_operators import faults
from tests.policies.test_controls import WORST


@pytest.mark.parametrize("one", deviations(), ids=lambda one: one.id)
def test_a_control_comes_to_the_verdict_of_a_small_deviation(one):
    states = judge(Stack(one.resources), one.config, today=TODAY).states(one.control)

    assert min(states.values(), key=WORST.index) == one.expect, states


@pytest.mark.parametrize("module", modules())
def test_every_fault_of_a_rule_is_met_unless_it_changes_nothing(module):
    assert {one for one, lives in tried(module) if lives} == {one for one in equivalents() if one.module == module}


def test_what_is_listed_as_equivalent_has_a_reason():
    assert all(equivalents().values())


@pytest.mark.parametrize(
    ("written", "operator", "instead"),
    [
        ("if a and b: pass", "swaps and with or", "a or b"),
        ("if a < b: pass", "negates a condition", "not a < b"),
        ("if not a: pass", "drops a not", "a"),
        ("a <= b", "takes the next comparison", "a < b"),
        ("SOME = (A, B)", "drops an element", "(B,)"),
        ("SOME = {'a': 1, 'b': 2}", "drops an element", "{'b': 2}"),
        ("any(a)", "swaps any with all", "all"),
        ("stack.joined(a, [B], 'c')", "seeks any type", "stack.joined(a, stack.by_type, 'c')"),
        ("def a(): yield fail('a', 'b', 'c')", "drops a finding", "yield from ()"),
        ("parts(a(), b())", "drops a check", "parts(b())"),
    ],
)
def test_an_operator_makes_its_fault_and_takes_it_back(written, operator, instead):
    (statement,) = ast.parse(written).body
    made = {(fault.operator, fault.change.partition(" -> ")[2]) for fault in faults(statement)}

    assert (operator, instead) in made
    assert ast.unparse(statement) == ast.unparse(ast.parse(written))


def test_words_for_people_and_metadata_have_no_faults():
    source = '''
@control("X-01", title="t", kind="stack", severity="low", types=(A,), basis=("32",), refs=("a", "b"))
def rule(one, stack, given):
    """Norm."""
    found = "none" if one else "some"
    yield fail("path", "none" if one else found, f"set {given or 1}")
'''
    (statement,) = ast.parse(source).body
    operators = [fault.operator for fault in faults(statement)]

    assert sorted(operators) == ["drops a finding", "drops an element", "judges any type"]
