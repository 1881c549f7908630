"""What the timed benchmarks compare, and when they give a verdict."""

import ast
import os
import sys

import pytest

from benchmarks import cdk, interleaved
from benchmarks.cdk_app import app
from benchmarks.makespan import rehearsed, shipped
from benchmarks.preview import bare_program


@pytest.mark.parametrize("environment", shipped())
def test_the_cdk_app_has_a_resource_for_each_of_the_environment(environment):
    resources = rehearsed(environment)
    program = ast.parse(app(resources))
    made = [
        node.args[1].value
        for node in ast.walk(program)
        if isinstance(node, ast.Call)
        and node.args
        and ast.unparse(node.args[0]) == "stack"
        and isinstance(node.args[1], ast.Constant)
    ]
    assert len(made) == sum(r.type.startswith(("aws:", "kubernetes:")) for r in resources)
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("environment", shipped())
def test_the_bare_program_makes_the_environments_resources_each_after_what_it_needs(environment):
    resources = [r for r in rehearsed(environment) if r.custom]
    program = ast.parse(bare_program(resources))
    made: set[str] = set()
    for statement in program.body:
        places = [ast.literal_eval(n.slice) for n in ast.walk(statement) if isinstance(n, ast.Subscript)]
        assert set(places[1:]) <= made, ast.unparse(statement)
        made |= set(places[:1])
    assert made == {r.urn for r in resources}


def test_the_cdk_app_names_what_stands_above_and_imports_what_it_uses():
    program = ast.parse(app(rehearsed("prod")))
    known = {"os", "app", "stack"}
    for statement in program.body:
        names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        assert {n.id for n in names if isinstance(n.ctx, ast.Load)} <= known, ast.unparse(statement)
        known |= {n.id for n in names} | {
            alias.asname or alias.name for node in ast.walk(statement) if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }  # fmt: skip


def test_the_cdk_is_pinned_by_hash_and_stays_out_of_what_the_project_runs_on():
    lines = cdk.LOCK.read_text().splitlines()
    assert any(line.startswith("aws-cdk-lib==") for line in lines)
    assert all(line.startswith((" ", "#")) or line.endswith("\\") for line in lines)
    for other in ("dev", "runtime"):
        assert "aws-cdk" not in cdk.LOCK.with_name(f"{other}.txt").read_text()


def test_a_program_is_timed_with_the_processes_that_it_starts():
    burn = "import time; e = time.process_time() + 0.2\nwhile time.process_time() < e: pass"
    both = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}], check=True)"
    wall, cpu = interleaved.timed([sys.executable, "-c", both], cdk.ROOT, os.environ)
    assert wall > 0.2
    assert cpu > 0.2


def test_a_program_that_fails_ends_the_benchmark_with_what_it_said():
    with pytest.raises(SystemExit, match="out of order"):
        interleaved.timed([sys.executable, "-c", "raise SystemExit('out of order')"], cdk.ROOT, os.environ)


def test_variants_take_turns_after_a_round_that_does_not_count():
    order: list[str] = []

    def run(name: str) -> interleaved.Seconds:
        order.append(name)
        return float(len(order)), 0.0

    times = interleaved.rounds({"a": lambda: run("a"), "b": lambda: run("b")}, 2)
    assert order == ["a", "b"] * 3
    assert times == {"a": [(3.0, 0.0), (5.0, 0.0)], "b": [(4.0, 0.0), (6.0, 0.0)]}


@pytest.mark.parametrize(
    ("ours", "baseline", "code", "said"),
    [
        ([(1.0, 1.0)] * 3, [(1.0, 1.0)] * 3, 0, "wall 1.000 (median of pairs), CPU 1.000"),
        ([(1.2, 1.0)] * 3, [(1.0, 1.0)] * 3, 1, "wall 1.200"),
        (
            [(1.2, 1.0)] * 3,
            [(1.0, 1.0), (1.5, 1.0), (1.6, 1.0)],
            0,
            "no verdict on wall time: the machine was too busy",
        ),
        (
            [(1.0, 1.2)] * 3,
            [(1.0, 1.0), (1.5, 1.0), (1.6, 1.0)],
            1,
            "no verdict on wall time: the machine was too busy",
        ),
    ],
)
def test_wall_time_decides_where_the_machine_was_quiet_and_cpu_where_it_was_not(capsys, ours, baseline, code, said):
    measured = {"ours": ours, "baseline": baseline}
    assert interleaved.verdict(measured, "ours", "baseline", goal=1.1, resources=3) == code
    assert said in capsys.readouterr().out
