from pathlib import Path

from stacks.settings import NewNetwork, load

ROOT = Path(__file__).parents[2]


def test_the_shipped_environments_differ_in_place_and_hold_the_same_data():
    local, dev = (load(ROOT / f"Pulumi.{name}.yaml") for name in ("local", "dev"))
    assert (local.name, local.account) == ("local", "000000000000")
    assert (dev.name, dev.account) == ("dev", "111111111111")
    assert [(d.name, d.classification, d.origin) for d in local.environment.datasets] == [
        ("applications", "personal", "synthetic"),
        ("reference", "public", "real"),
    ]
    assert [d.name for d in dev.environment.datasets] == [d.name for d in local.environment.datasets]


def test_staging_and_production_are_spread_protected_and_delivered_and_of_one_shape():
    staging, prod = (load(ROOT / f"Pulumi.{name}.yaml").environment for name in ("staging", "prod"))
    for environment in (staging, prod):
        assert environment.protect
        assert isinstance(environment.network, NewNetwork)
        assert (environment.network.zones, environment.network.egress) == (3, "nat-per-zone")
        assert environment.database is not None
        assert (environment.database.multi_az, environment.database.backup_days) == (True, 14)
        assert environment.cluster is not None
        assert (environment.cluster.access, environment.cluster.compute) == ("private", "auto")
        assert environment.delivery is not None
        assert environment.budget is not None
        assert all(team.roles for team in environment.teams)


def test_real_personal_data_is_in_production_alone():
    for path in sorted(ROOT.glob("Pulumi.*.yaml")):
        environment = load(path).environment
        origins = {d.origin for d in environment.datasets if d.data_class in ("personal", "special")}
        endpoints = (*environment.sagemaker_endpoints, *environment.endpoints)
        origins |= {e.capture.origin for e in endpoints if e.capture}
        assert ("real" in origins) == (path.name == "Pulumi.prod.yaml")


def test_every_shipped_environment_has_an_account_of_its_own():
    accounts = [load(path).account for path in ROOT.glob("Pulumi.*.yaml")]
    assert len(set(accounts)) == len(accounts)


def test_every_shipped_file_is_sound():
    files = sorted(ROOT.glob("Pulumi.*.yaml"))
    assert [load(file).name for file in files] == [file.name.split(".")[1] for file in files]


def test_the_local_environment_names_no_address():
    assert load(ROOT / "Pulumi.local.yaml").provider.endpoints == {}
