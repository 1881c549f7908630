"""Every fault that is put into a rule is met, or does nothing."""

import ast

import pytest

from policies.rule import Stack, judge
from tests.policies.cases import TODAY
from tests.policies.deviations import deviations
from tests.policies.rule_mutants import equivalents, modules, mutants, open_mutants, tried
from tests.policies.rule_operators import OPERATORS, faults
from tests.policies.test_controls import WORST

MOST_OPEN = 0.07
"""Share of faults that may be on the list of those that nothing meets yet; lower it as the list becomes shorter."""


@pytest.mark.parametrize("one", deviations(), ids=lambda one: one.id)
def test_a_control_comes_to_the_verdict_of_a_small_deviation(one):
    states = judge(Stack(one.resources), one.config, today=TODAY).states(one.control)

    assert min(states.values(), key=WORST.index) == one.expect, states


@pytest.mark.parametrize("module", modules())
def test_every_fault_of_a_rule_is_met(module):
    spared = {*equivalents(), *open_mutants()}

    assert [one for one, lives in tried(module, spared=spared) if lives] == []


def test_what_is_listed_is_a_fault_that_can_be_made_and_is_listed_once():
    made = {one for module in modules() for one, _, _ in mutants(module)}
    listed = {*equivalents(), *open_mutants()}

    assert listed <= made
    assert len(listed) == len(equivalents()) + len(open_mutants())
    assert all(equivalents().values())


def test_nearly_all_faults_are_met():
    made = [one for module in modules() for one, _, _ in mutants(module) if one.operator in OPERATORS]

    assert len(open_mutants()) <= MOST_OPEN * len(made)


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
