"""What a recovered state says of properties that no account tells."""

from seedbed.untold import remembered

CLUSTER = "aws:eks/cluster:Cluster"
URN = f"urn:pulumi:local::seedbed::{CLUSTER}::cluster"


def saved(urn=URN, type_=CLUSTER, creator=True, **more):
    config = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": creator}
    return {
        "urn": urn,
        "type": type_,
        "inputs": {"accessConfig": dict(config)},
        "outputs": {"accessConfig": config},
    } | more


def asked(creator):
    return {"accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": creator}}


def test_a_cluster_that_was_taken_over_is_what_was_asked_for():
    before = {"manifest": {}, "resources": [saved()]}

    after = remembered(before, {URN: asked(creator=False)})

    assert after == {"manifest": {}, "resources": [saved(creator=False)]}
    assert before == {"manifest": {}, "resources": [saved()]}


def test_nothing_is_written_where_nothing_differs():
    assert remembered({"resources": [saved()]}, {URN: asked(creator=True)}) is None
    assert remembered({"resources": [saved()]}, {URN: {}}) is None
    assert remembered({"resources": [{"urn": URN, "type": CLUSTER}]}, {URN: asked(creator=False)}) is None


def test_what_was_not_taken_over_is_left_alone():
    other = f"{URN}-2"
    resources = [saved(other), saved(delete=True), saved(f"{URN}-bucket", "aws:s3/bucket:Bucket")]

    assert remembered({"resources": resources}, {URN: asked(False), f"{URN}-bucket": asked(False)}) is None
