"""Settings of what is inside the cluster."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from stacks.file.schedule import FIELDS, Schedule, times
from stacks.file.stack import Config
from stacks.reading.shape import walk
from stacks.settings import SettingsError, load, read
from tests.unit.environment_values import KEY, REMOVED, SOUND, changed, problems
from tests.unit.kubernetes_values import INSIDE, WHOLE

ROOT = Path(__file__).parents[2]
FAULTS = yaml.safe_load(Path(__file__).with_name("settings_faults_kubernetes.yaml").read_text(encoding="utf-8"))
NEW_KEYS = [
    path.removeprefix(f"{KEY}.")
    for path, _ in walk(Config)
    if path.removeprefix(f"{KEY}.").startswith(
        ("pools[].", "tracking.", "pipelines[].", "endpoints[].", "monitoring.drift.")
    )
    or path.rpartition(".")[2] in {"members", "gpuQuota", "borrow", "cpuQuota", "memoryQuotaGib"}
]
SCHEDULE = TypeAdapter(Schedule)


def told(change):
    return problems(changed(change, WHOLE))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['path']} {fault['wrong'][:40]}")
def test_a_fault_is_told_with_path_value_what_is_allowed_and_what_to_do(fault):
    found = told(fault["change"])
    (problem,) = [p for p in found if p.path in (fault["path"], f"{KEY}.{fault['path']}")]
    assert problem.wrong.startswith(fault["wrong"])
    assert fault["found"] in problem.found
    assert fault["allowed"] in problem.allowed
    assert fault["fix"] in problem.fix
    assert len(found) == fault.get("problems", 1), [str(p) for p in found]


def test_a_whole_environment_is_taken_as_it_is_written_and_as_the_engine_hands_it_over():
    over = {key: value if isinstance(value, str) else json.dumps(value) for key, value in WHOLE.items()}
    assert problems(WHOLE) == []
    assert read("dev", WHOLE) == read("dev", over)


@pytest.mark.parametrize("path", NEW_KEYS)
def test_every_key_of_the_inside_has_a_value_that_is_taken_and_one_that_is_refused(path):
    values = [INSIDE]
    for step in path.split("."):
        below = [value[step.removesuffix("[]")] for value in values if step.removesuffix("[]") in value]
        values = [one for value in below for one in value] if step.endswith("[]") else below
    assert values, f"kubernetes_values.py says nothing of {path}"
    bare = "".join(c for c in path if c not in "[]")
    paths = ["".join(c for c in fault["path"] if not c.isdigit() and c not in "[]") for fault in FAULTS]
    assert any(found == bare or found.startswith(f"{bare}.") for found in paths), f"no fault is about {path}"


def test_all_mistakes_are_told_at_once():
    found = told(
        {
            "pools.0.perNode": 3,
            "pools.1.partition": "3g.40gb",
            "pools.3.zone": REMOVED,
            "pipelines.0.team": "nobody",
            "endpoints.1.model": "",
            "monitoring.drift.threshold": 2,
        }
    )
    assert [p.path.removeprefix(f"{KEY}.") for p in found] == [
        "monitoring.drift.threshold",
        "pools[0].perNode",
        "pools[1].partition",
        "pools[3].zone",
        "pipelines[0].team",
        "endpoints[1].model",
    ]


def test_nothing_of_the_inside_is_taken_without_a_cluster():
    found = {p.path.removeprefix(f"{KEY}.") for p in told({"cluster": REMOVED})}
    assert found == {
        "pools",
        "tracking",
        "pipelines",
        "endpoints",
        "monitoring.drift",
        *(f"teams[0].{key}" for key in ("roles", "members", "gpuQuota", "cpuQuota", "memoryQuotaGib")),
        "teams[1].gpuQuota",
    }


def test_quotas_that_say_the_default_do_no_harm_without_a_cluster():
    assert problems(changed({"cluster": REMOVED, "teams": [{"name": "a1", "cpuQuota": 32, "gpuQuota": 0}]})) == []


def test_managed_compute_takes_pools_whose_nodes_are_groups():
    pools = [pool for pool in INSIDE["pools"] if pool["name"] in ("inference", "notebooks", "blocks")]
    change = {"cluster.compute": "managed", "pools": pools, "pipelines": [], "teams.0.gpuQuota": 4}
    change["endpoints.0.retrain"] = REMOVED
    assert told(change) == []


def test_defaults_of_a_pool_follow_from_its_accelerator():
    settings = read("dev", changed({"pools.4": {"name": "general", "maxCpus": 8}}, WHOLE))
    train, inference, _, blocks, general = settings.environment.pools
    assert [pool.per_node for pool in (train, inference, blocks, general)] == [1, 8, 8, 0]
    assert (train.instance_types, general.instance_types) == ((), ("m7i.xlarge", "m7i.2xlarge", "m7i.4xlarge"))
    assert (inference.capacity, inference.idle_minutes, inference.max_age_hours) == (("on-demand",), 10, 336)
    assert (inference.efa, inference.share, general.purpose) == (False, None, "any")


def test_a_team_borrows_and_gets_a_modest_share_unless_the_file_says_otherwise():
    team = read("dev", SOUND).environment.teams[1]
    assert (team.members, team.gpu_quota, team.borrow) == ((), 0, True)
    assert (team.cpu_quota, team.memory_quota_gib) == (32, 128)


def test_an_endpoint_serves_the_champion_and_has_no_canary_unless_the_file_says_otherwise():
    endpoint = read("dev", WHOLE).environment.endpoints[1]
    assert (endpoint.alias, endpoint.canary_percent, endpoint.canary_alias) == ("champion", None, "challenger")
    assert (endpoint.replicas.min, endpoint.replicas.max, endpoint.runtime) == (1, 2, "mlserver")
    assert (endpoint.pool, endpoint.gpus, endpoint.cpus, endpoint.memory_gib, endpoint.callers) == (None, 0, 1, 2, ())


def test_a_node_group_whose_name_would_be_too_long_is_refused_with_its_length():
    config = changed({"system": "a" * 16, "pools.2.name": "b" * 23, "images.mirrors": []}, WHOLE)
    (problem,) = [p for p in problems(config, "c" * 15) if "node group" in p.wrong]
    assert problem.path == f"{KEY}.pools[2].name"
    assert f"{'a' * 16}-{'c' * 15}-{'b' * 23}-cr-0a1b2c3d4e5f60718 (77) fits in 63" in problem.allowed
    assert problem.fix == "shorten the name, or the system, by 14"


def test_what_an_endpoint_in_the_cluster_keeps_has_a_bucket_of_its_own_whose_name_fits():
    assert read("dev", WHOLE).capture_bucket("scoring-online") == "bank-dev-capture-scoring-online-111111111111"
    config = changed({"system": "a" * 16, "endpoints.0.name": "b" * 23, "images.mirrors": []}, WHOLE)
    (problem,) = [p for p in problems(config, "c" * 15) if p.path == f"{KEY}.endpoints[0].name"]
    assert problem.wrong == "makes the name of the bucket of kept requests too long"
    assert problem.fix == "shorten the name, or the system, by 14"


def test_an_endpoint_keeps_nothing_and_a_pipeline_has_no_data_set_of_its_own_unless_the_file_says_so():
    environment = read("dev", WHOLE).environment
    assert (environment.endpoints[1].capture, environment.endpoints[1].retrain) == (None, None)
    assert [pipeline.dataset for pipeline in environment.pipelines] == ["applications", None]


def test_credentials_in_an_address_are_not_repeated():
    for address in ("https://u:hunter2@git.example.com/a", "ssh://hunter2@git.example.com/a"):
        text = str(SettingsError(told({"pipelines.0.repository": address}), "file"))
        assert "repository" in text
        assert "hunter2" not in text


def test_what_endpoints_keep_of_a_pool_is_not_promised_to_teams():
    change = {"endpoints.1.pool": "notebooks", "endpoints.1.gpus": 1, "endpoints.1.replicas": {"max": 5}}
    assert told(change | {"teams.0.gpuQuota": 24}) == []
    (problem,) = told(change | {"teams.0.gpuQuota": 25})
    assert problem.path == f"{KEY}.teams[1].gpuQuota"
    assert "27 GPUs are promised, and pools have 26 for teams" in problem.wrong


def test_a_pool_for_serving_that_nothing_uses_is_explained():
    change = {"endpoints.0.pool": REMOVED, "endpoints.0.gpus": 0}
    (note,) = read("dev", changed(change, WHOLE)).notes
    assert "nothing in this file runs in inference (serving)" in note


def test_an_image_of_the_catalogue_comes_through_the_mirror_of_its_registry_where_there_is_one():
    settings = read("dev", WHOLE)
    registry = "111111111111.dkr.ecr.eu-central-1.amazonaws.com/bank-dev"
    assert settings.image("nginx").startswith(f"{registry}/quay/nginx/nginx-unprivileged:")
    assert settings.image("modeldb-proxy").startswith(f"{registry}/hub/vertaaiofficial/modeldb-proxy:")
    assert settings.image("mlflow").startswith("ghcr.io/mlflow/mlflow:v3.")
    assert "@sha256:" in settings.image("kueue")


@pytest.mark.parametrize("name", ["local", "dev", "staging", "prod"])
def test_shipped_environments_differ_in_size_and_are_whole(name):
    environment = load(ROOT / f"Pulumi.{name}.yaml").environment
    assert environment.cluster is not None
    assert (environment.cluster.version, environment.cluster.compute) == ("1.34", "auto")
    assert environment.tracking is not None
    assert environment.tracking.replicas == (2 if name in ("staging", "prod") else 1)
    gpus = sum(pool.max_gpus or 0 for pool in environment.pools)
    assert gpus == {"local": 20, "dev": 2, "staging": 20, "prod": 52}[name]
    assert bool(environment.endpoints) == bool(environment.monitoring.drift) == (name != "dev")


def test_a_cluster_that_lets_nobody_in_is_noted():
    alone = {"delivery": REMOVED}
    notes = read("dev", changed(alone, WHOLE)).notes
    assert any(note.startswith("cluster: nobody is named under administrators") for note in notes)


def test_what_a_managed_group_cannot_be_told_is_noted():
    cut = next(n for n, pool in enumerate(WHOLE[KEY]["pools"]) if pool.get("partition") or pool.get("share"))
    notes = read("dev", changed({f"pools.{cut}.maxAgeHours": 100}, WHOLE)).notes
    assert any(note.startswith("pools: maxAgeHours has no effect on ") for note in notes)


def test_the_local_environment_has_the_pools_teams_and_workloads_of_the_guide():
    local = load(ROOT / "Pulumi.local.yaml")
    shown = {
        pool.name: (pool.accelerator, pool.capacity, pool.max_gpus, pool.partition) for pool in local.environment.pools
    }
    assert shown == {
        "train": ("a10g", ("spot", "on-demand"), 8, None),
        "serve": ("l4", ("on-demand",), 4, None),
        "inference-mig": ("a100", ("on-demand",), 8, "3g.20gb"),
        "general": (None, ("spot", "on-demand"), None, None),
    }
    quotas = [(team.name, team.gpu_quota, team.borrow) for team in local.environment.teams]
    assert quotas == [("scoring", 4, True), ("research", 2, True)]
    assert [pipeline.schedule for pipeline in local.environment.pipelines] == ["0 3 * * 1"]
    assert [endpoint.name for endpoint in local.environment.endpoints] == ["affordability-online"]
    assert local.notes == ()


@pytest.mark.parametrize(
    ("schedule", "fix"),
    [
        ("", "write minute, hour"),
        ("* * * *", "write minute, hour"),
        ("* * * * * *", "write minute, hour"),
        ("*  * * * *", "write minute, hour"),
        ("@daily", "write minute, hour"),
        ("60 * * * *", "write the minute as 0 to 59"),
        ("0 24 * * *", "write the hour as 0 to 23"),
        ("0 0 0 * *", "write the day of the month as 1 to 31"),
        ("0 0 * 13 *", "write the month as 1 to 12 or jan to dec"),
        ("0 0 * mond *", "write the month as"),
        ("0 0 * * 7", "write the day of the week as 0 to 6 or sun to sat"),
        ("0 0 * * jan", "write the day of the week as 0 to 6 or sun to sat"),
        ("5-1 * * * *", "write the lower end of the minute first"),
        ("*/0 * * * *", "write a step of the minute from 1 to 59"),
        ("*/60 * * * *", "write a step of the minute from 1 to 59"),
        ("1,,2 * * * *", "write the minute as *, a number"),
        ("-1 * * * *", "write the minute as *, a number"),
        ("? * * * *", "write the minute as *, a number"),
        ("* * * * \uff11", "write the day of the week as *, a number"),
        ("0 0 31 2 *", "this one never comes"),
        ("0 0 30,31 feb *", "this one never comes"),
        ("0 0 31 4,6,9,11 *", "this one never comes"),
        ("TZ=UTC 0 0 * * *", "write minute, hour"),
    ],
)
def test_a_schedule_that_kubernetes_would_not_take_or_that_never_comes_is_refused(schedule, fix):
    (problem,) = told({"pipelines.0.schedule": schedule})
    assert problem.path == f"{KEY}.pipelines[0].schedule"
    assert fix in problem.fix


@pytest.mark.parametrize(
    ("schedule", "hours", "days"),
    [
        ("0 3 * * 1", {3}, {1}),
        ("*/15 8-18/2 * * mon-fri", {8, 10, 12, 14, 16, 18}, {1, 2, 3, 4, 5}),
        ("5,35 0 1 JAN,jul SUN", {0}, {0}),
        ("0 0 29 2 *", {0}, set(range(7))),
        ("0 0 31 2 0", {0}, {0}),
    ],
)
def test_a_schedule_says_when(schedule, hours, days):
    found = times(schedule)
    assert (found[1], found[4]) == (hours, days)
    assert told({"pipelines.0.schedule": schedule}) == []


@given(st.text(alphabet="0123456789*/-, abcdefghijklmnoprstuvy\u0663", max_size=40))
def test_any_text_is_a_schedule_or_refused(text):
    try:
        SCHEDULE.validate_python(text)
    except ValidationError:
        return
    for values, (_, least, most, _) in zip(times(text), FIELDS, strict=True):
        assert values
        assert values <= set(range(least, most + 1))


def test_an_image_that_the_catalogue_has_by_tag_alone_gets_the_digest_of_the_file():
    digest = "sha256:" + 64 * "a"
    settings = read("dev", changed({"images.digests": [{"image": "mlflow", "digest": digest}]}, WHOLE))
    assert settings.image("mlflow").endswith(f"@{digest}")
    assert "@" not in settings.image("nginx")
