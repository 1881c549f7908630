"""The register of processing that the stack exports."""

import copy

from stacks.register import SAFEGUARDS, processing_register
from stacks.settings import read
from tests.unit.environment_values import KEY
from tests.unit.kubernetes_values import WHOLE


def test_every_store_of_personal_data_has_an_entry_and_nothing_else_has():
    settings = read("dev", WHOLE)
    names = [entry["name"] for entry in processing_register(settings)]

    assert names == [
        settings.dataset_bucket("applications"),
        settings.capture_bucket("scoring"),
        settings.capture_bucket("scoring-online"),
    ]


def test_an_entry_says_what_article_30_asks_for():
    (entry, *_) = processing_register(read("dev", WHOLE))

    assert entry["purpose"] == "credit scoring"
    assert entry["legalBasis"] == "contract"
    assert entry["categories"] == "personal"
    assert entry["recipients"] == ["risk-models", "internal-audit"]
    assert (entry["region"], entry["retentionDays"]) == ("eu-central-1", 730)
    assert "privacy@" in entry["controller"]
    assert entry["safeguards"] == list(SAFEGUARDS)


def test_an_environment_without_personal_data_has_an_empty_register():
    config = copy.deepcopy(WHOLE)
    config[KEY]["datasets"][0] |= {"classification": "internal"}
    config[KEY]["sagemakerEndpoints"] = []
    for part in ("capture", "retrain"):
        config[KEY]["endpoints"][0].pop(part)
    config[KEY]["monitoring"].pop("drift")

    assert processing_register(read("dev", config)) == []
