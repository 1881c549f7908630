import inspect
import json
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from stacks.settings import ExistingNetwork, NewNetwork, SettingsError, SystemNodes, read
from tests.unit.environment_values import EXISTING, KEY, REMOVED, SOUND, changed, problems

OVER_THE_ENGINE = {key: value if isinstance(value, str) else json.dumps(value) for key, value in SOUND.items()}

FAULTS = yaml.safe_load(Path(__file__).with_name("settings_faults.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['path']} {fault['wrong']}")
def test_a_fault_is_one_problem_with_path_value_what_is_allowed_and_what_to_do(fault):
    told = problems(changed(fault["change"]))
    (problem,) = [p for p in told if p.path in (fault["path"], f"{KEY}.{fault['path']}")]
    assert problem.wrong.startswith(fault["wrong"])
    assert fault["found"] in problem.found
    assert fault.get("allowed", "") in problem.allowed
    assert fault["fix"] in problem.fix
    assert len(told) == fault.get("problems", 1)


def test_a_sound_environment_is_taken_as_it_is_written_and_as_the_engine_hands_it_over():
    assert problems(SOUND) == []
    assert read("dev", SOUND) == read("dev", OVER_THE_ENGINE)


def test_nothing_but_the_needed_keys_is_needed():
    settings = read(
        "dev",
        {
            "aws:region": "eu-north-1",
            "aws:allowedAccountIds": ["111111111111"],
            KEY: {
                "owner": "a@example.com",
                "residency": "none",
                "network": {"cidr": "10.0.0.0/24", "zones": 3, "egress": "endpoints-only"},
            },
        },
    )
    assert settings.tags == {
        "owner": "a@example.com",
        "system": "seedbed",
        "env": "dev",
        "cost-center": "seedbed",
        "managed-by": "pulumi",
        "residency": "none",
    }
    assert settings.zone_names == ("eu-north-1a", "eu-north-1b", "eu-north-1c")
    assert settings.data_classes == ("public", "internal", "confidential", "personal", "special")
    assert settings.controller is None
    assert settings.environment.datasets == ()
    assert settings.provider.arguments() == {"region": "eu-north-1", "allowed_account_ids": ["111111111111"]}


def test_names_tags_and_classes_follow_from_the_settings():
    settings = read("prod", SOUND)
    assert settings.prefix == "bank-prod"
    assert settings.bucket("logs") == "bank-prod-logs-111111111111"
    assert settings.dataset_bucket("applications") == "bank-prod-data-applications-111111111111"
    assert settings.controller == "Example Bank / privacy@example.com"
    assert settings.account == "111111111111"
    assert settings.partition == "aws"


def test_the_sovereign_cloud_is_inside_the_eea_and_a_partition_of_its_own():
    config = changed(
        {
            "aws:region": "eusc-de-east-1",
            "images.mirrors": [],
            "keys.administrators": [],
            "aws:assumeRole": REMOVED,
            "cluster": REMOVED,
            "audit": REMOVED,
            "teams.0.roles": [],
        }
    )
    assert read("dev", config).partition == "aws-eusc"


def test_special_categories_are_tagged_special():
    special = {"classification": "special-category", "specialCondition": "public-health"}
    settings = read("dev", changed({f"datasets.0.{key}": value for key, value in special.items()}))
    assert settings.environment.datasets[0].data_class == "special"


@pytest.mark.parametrize(("retention", "noncurrent"), [(None, 30), (3650, 30), (31, 30), (30, 29), (2, 1)])
def test_old_versions_never_outlive_the_retention(retention, noncurrent):
    data = {"name": "data", "classification": "public"} | ({"retentionDays": retention} if retention else {})
    settings = read("dev", changed({"datasets.1": data}))
    assert settings.environment.datasets[1].noncurrent_days == noncurrent


def test_a_network_is_new_or_existing():
    new, existing = read("dev", SOUND), read("dev", changed({"network": EXISTING}))
    assert isinstance(new.environment.network, NewNetwork)
    assert new.environment.network.endpoint_services == ("sts", "logs")
    assert isinstance(existing.environment.network, ExistingNetwork)
    assert existing.environment.network.endpoint_services == ()
    assert existing.zone_names == ()


def test_alarms_go_to_the_owner_and_findings_about_people_to_the_controller_unless_the_file_says_otherwise():
    told = read("dev", SOUND)
    assert (told.notify, told.privacy_contact) == ("ml-oncall@example.com", "privacy@example.com")
    silent = read("dev", changed({"monitoring": REMOVED}))
    assert (silent.notify, silent.privacy_contact) == ("risk-models@example.com", "privacy@example.com")
    alone = read("dev", changed({"controller": REMOVED, "datasets": [], "teams": [], "sagemakerEndpoints": []}))
    assert alone.privacy_contact == "ml-oncall@example.com"


def test_a_cluster_brings_the_versions_of_the_catalogue_and_without_one_there_are_none():
    catalogue = yaml.safe_load((Path(__file__).parents[2] / "versions.yaml").read_text())["kubernetes"]
    assert read("dev", SOUND).versions == {n: a["version"] for n, a in catalogue["1.34"]["addons"].items()}
    assert read("dev", changed({"cluster.version": "1.33"})).versions["kube-proxy"].startswith("v1.33.")
    assert read("dev", changed({"cluster": REMOVED, "teams.0.roles": REMOVED})).versions == {}


def test_nodes_are_the_fixed_ones_where_aws_does_not_manage_compute():
    fixed = read("dev", changed({"cluster.systemNodes": REMOVED})).environment.cluster
    managed = read("dev", changed({"cluster.systemNodes": REMOVED, "cluster.compute": "auto"})).environment.cluster
    assert fixed is not None
    assert fixed.node_group == SystemNodes()
    assert managed is not None
    assert managed.node_group is None


@pytest.mark.parametrize(("month", "anomaly"), [(1, 1), (9, 1), (10, 1), (5000, 500)])
def test_a_tenth_of_the_budget_is_an_anomaly_unless_the_file_says_otherwise(month, anomaly):
    budget = read("dev", changed({"budget": {"monthlyUsd": month}})).environment.budget
    assert budget is not None
    assert budget.anomaly_usd == anomaly


def test_what_an_endpoint_keeps_has_a_bucket_of_its_own_whose_name_fits():
    assert read("prod", SOUND).capture_bucket("scoring") == "bank-prod-capture-scoring-111111111111"
    config = changed({"system": "a" * 16, "sagemakerEndpoints.0.name": "b" * 23, "images.mirrors": []})
    (problem,) = [p for p in problems(config, "c" * 15) if "sagemaker" in p.path]
    assert problem.path == f"{KEY}.sagemakerEndpoints[0].name"
    assert problem.fix == "shorten the name, or the system, by 14"


def test_one_role_may_work_in_two_teams_and_look_at_all_of_the_cluster():
    role = "arn:aws:iam::111111111111:role/scoring"
    assert problems(changed({"teams.1.roles": [role], "cluster.viewers": [role]})) == []


def test_settings_cannot_be_changed_afterwards():
    settings, field = read("dev", SOUND), "owner"
    with pytest.raises(ValidationError):
        setattr(settings.environment, field, "other@example.com")


def test_every_provider_setting_reaches_the_provider():
    from pulumi_aws import Provider

    arguments = read(
        "dev", changed({"aws:s3UsePathStyle": True, "aws:skipCredentialsValidation": True})
    ).provider.arguments()
    assert arguments == {
        "region": "eu-central-1",
        "allowed_account_ids": ["111111111111"],
        "profile": "ml",
        "assume_roles": [{"role_arn": "arn:aws:iam::111111111111:role/deploy"}],
        "endpoints": [{"s3": "http://127.0.0.1:5000"}],
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "s3_use_path_style": True,
        "max_retries": 3,
    }
    assert arguments.keys() <= inspect.signature(Provider._internal_init).parameters.keys()


def test_the_engine_keys_of_other_hands_are_left_alone():
    assert problems({**SOUND, "pulumi:tags": {"a": None}, "pulumi:disable-default-providers": ["aws"]}) == []


@pytest.mark.parametrize("name", ["Dev", "1dev", "d--v", "a" * 16, "", "dev/x", "dev\n"])
def test_an_environment_whose_name_cannot_start_a_resource_name_is_refused(name):
    (problem,) = problems(SOUND, name)
    assert problem.wrong == "is no name for an environment"
    assert "15 lower-case" in problem.allowed


def test_a_bucket_name_that_would_be_too_long_is_refused_with_its_length():
    config = changed({"system": "a" * 16, "datasets.0.name": "b" * 23, "teams": [], "images.mirrors": []})
    (problem,) = problems(config, "c" * 15)
    bucket = f"{'a' * 16}-{'c' * 15}-data-{'b' * 23}-111111111111"
    assert problem.path == f"{KEY}.datasets[0].name"
    assert f"{bucket} ({len(bucket)})" in problem.allowed
    assert problem.fix == f"shorten the name, or the system, by {len(bucket) - 63}"


def test_rules_speak_although_something_else_is_wrong():
    config = changed({"owner": 3, "teams.0.datasets.0": "applicatons", "aws:region": "us-east-1", "network.zones": "3"})
    assert [p.path for p in problems(config)] == [
        "aws:region",
        f"{KEY}.owner",
        f"{KEY}.network.zones",
        f"{KEY}.images.mirrors[1].credentialArn",
        f"{KEY}.teams[0].datasets[0]",
    ]


def test_a_value_that_is_wrong_itself_raises_no_second_problem_about_it():
    (problem,) = problems(changed({"datasets.0.retentionDays": "730"}))
    assert problem.path == f"{KEY}.datasets[0].retentionDays"


def test_problems_stand_in_the_order_of_the_file():
    config = changed({"teams.0.gpuQuota": 1, "datasets.0.retentionDay": 1, "ownr": "x", "keys.rotationDays": 1})
    shuffled = {**config, KEY: dict(reversed(config[KEY].items()))}
    assert [p.path for p in problems(shuffled)] == list(
        reversed([p.path for p in problems({**config, KEY: {**config[KEY]}})])
    )


def test_a_long_value_is_not_repeated():
    (problem,) = problems(changed({"owner": "x" * 100_000}))
    assert len(str(problem)) < 500


def test_a_terminal_obeys_nothing_that_a_file_says():
    text = str(SettingsError(problems(changed({"\x1b[2J": "\x1b[2J\u202e\ud800", "owner": "a\nb"})), "file"))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.encode()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "hunter2hunter2"),
        ("apiToken", "hunter2hunter2"),
        ("secretThing", "hunter2hunter2"),
        ("costCentre", "AKIA" + "HUNTER2HUNTER2XX"),
        ("owner", "-----BEGIN KEY hunter2"),
    ],
)
def test_what_looks_like_a_credential_is_not_shown(key, value):
    text = str(SettingsError(problems(changed({key: value})), "file"))
    assert key in text
    assert "hunter2" not in text.lower()


@pytest.mark.parametrize("config", [None, [], "text", 3, object()])
def test_what_is_no_configuration_is_told(config):
    (problem,) = problems(config)
    assert problem.wrong == "has no configuration"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('{"owner": 1', "is a text"),
        ("", "is a text"),
        ('{"owner": "a@example.com", "owner": "b@example.com"}', "has a key twice"),
        ('{"owner": NaN}', "is a text"),
        ("[" * 100_000, "is a text"),
        ("9" * 100_000, "is a text"),
        ("3", "has the wrong type"),
    ],
)
def test_text_that_is_not_the_json_of_the_engine_is_told(text, wrong):
    (problem,) = problems({**SOUND, KEY: text})
    assert (problem.path, problem.wrong) == (KEY, wrong)
