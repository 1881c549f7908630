"""Controllers of the local cloud: what can be said of their parts without a cluster."""

import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509

from localcloud.clusters.instances import Instance, read
from localcloud.controllers import certificates, node_classes
from localcloud.controllers.egress import Proxy, configuration, socket_name
from localcloud.controllers.market import Market
from localcloud.controllers.offers import labels, offers, price_of
from localcloud.controllers.watching import Loop
from tests.localcloud.running_clusters import INSTANCES, until

ZONES = ["eu-central-1a", "eu-central-1b"]


def test_every_priced_type_is_offered_in_each_zone_on_spot_and_on_demand():
    table = read(INSTANCES)
    found = {one["name"]: one for one in offers(table, "eu-central-1", ZONES)}
    assert set(found) == {name for name, one in table.items() if price_of(one, "eu-central-1") is not None}
    g5 = found["g5.xlarge"]
    asked = [{one["key"]: one["values"] for one in offer["requirements"]} for offer in g5["offerings"]]
    assert asked == [
        {"karpenter.sh/capacity-type": [kind], "topology.kubernetes.io/zone": [zone]}
        for zone in ZONES
        for kind in ("spot", "on-demand")
    ]
    spot, on_demand = (offer["price"] for offer in g5["offerings"][:2])
    assert on_demand == price_of(table["g5.xlarge"], "eu-central-1")
    assert 0 < spot < on_demand
    assert g5["resources"]["nvidia.com/gpu"] == "1"
    assert g5["resources"]["memory"] == "16384Mi"
    # 255 MiB, 11 MiB for each of 58 pods, 100 MiB before eviction; 6 %, 1 %, 0.5 % and 0.5 % of four cores
    assert g5["overhead"] == {"memory": f"{255 + 11 * 58 + 100}Mi", "cpu": "80m"}


def test_a_type_without_a_price_of_its_region_costs_what_it_costs_in_virginia():
    table = Instance(name="g9.xlarge", vcpus=4, memory_gib=16, pods=58, usd={"us-east-1": 1.5})
    assert price_of(table, "eu-central-1") == 1.5
    assert price_of(Instance(name="g9.xlarge", vcpus=4, memory_gib=16, pods=58), "eu-central-1") is None


def test_labels_say_what_a_pool_of_auto_mode_may_ask_for():
    p4de = Instance(
        name="p4de.24xlarge", vcpus=96, memory_gib=1152, pods=737, accelerator="a100-80gb", gpus=8, gpu_memory_gib=80
    )
    said = {key.removeprefix("eks.amazonaws.com/"): value for key, value in labels(p4de).items()}
    assert said["instance-category"] == "p"
    assert said["instance-generation"] == "4"
    assert said["instance-family"] == "p4de"
    assert said["instance-size"] == "24xlarge"
    assert said["instance-cpu"] == "96"
    assert (said["instance-gpu-name"], said["instance-gpu-count"], said["instance-gpu-memory"]) == (
        "a100",
        "8",
        "81920",
    )
    plain = labels(Instance(name="m7i.large", vcpus=2, memory_gib=8, pods=29))
    assert not [key for key in plain if "gpu" in key]


def test_what_is_sold_out_is_kept_and_a_wrong_order_is_refused(tmp_path):
    market = Market(tmp_path)
    assert market.standing() == {"soldOut": [], "reservations": []}
    market.sell_out({"capacityType": "spot", "instanceType": "g5.xlarge"})
    reservation = {
        "id": "cr-1", "instanceType": "p5.48xlarge", "availabilityZone": "eu-central-1a", "totalInstanceCount": 2,
    }  # fmt: skip
    market.reserve(reservation)
    assert Market(tmp_path).standing() == {
        "soldOut": [{"instanceType": "g5.xlarge", "zone": "*", "capacityType": "spot"}],
        "reservations": [reservation],
    }
    for wrong, word in (
        ([], "an order is an object"),
        ({"type": "g5.xlarge"}, "allowed are instanceType, zone, capacityType"),
        ({"capacityType": "cheap"}, "'cheap', allowed are spot, on-demand"),
        ({"zone": 1}, "zone: found 1"),
    ):
        with pytest.raises(ValueError, match=word):
            market.sell_out(wrong)
    with pytest.raises(ValueError, match="availabilityZone"):
        market.reserve({"id": "cr-1"})
    assert market.clear() == {"soldOut": [], "reservations": []}


def test_the_proxy_leads_to_known_services_and_nowhere_else(tmp_path):
    inside = socket.create_server(("127.0.0.1", 0))

    def echo():
        connection = inside.accept()[0]
        with connection:
            connection.sendall(connection.recv(100).upper())

    threading.Thread(target=echo, daemon=True).start()
    routes = {("172.20.0.7", 443): inside.getsockname()[1], ("172.20.0.8", 443): _free_port()}
    name = socket_name(tmp_path)
    proxy = Proxy(name, lambda address, at: routes.get((address, at)))
    try:
        with _connected(name) as asked:
            asked.sendall(b"CONNECT 172.20.0.7:443 HTTP/1.1\r\nHost: 172.20.0.7:443\r\n\r\n")
            assert asked.recv(100).startswith(b"HTTP/1.1 200")
            asked.sendall(b"hello")
            assert asked.recv(100) == b"HELLO"
        for line, status, word in (
            (b"CONNECT 172.20.0.9:443 HTTP/1.1", b"502", b"nothing of the cluster answers at 172.20.0.9:443"),
            (b"CONNECT 172.20.0.8:443 HTTP/1.1", b"502", b"172.20.0.8:443 is not up yet"),
            (b"GET http://example.com/ HTTP/1.1", b"400", b"only CONNECT"),
        ):
            with _connected(name) as asked:
                asked.sendall(line + b"\r\n\r\n")
                said = b"".join(iter(lambda asked=asked: asked.recv(1000), b""))
            assert said.startswith(b"HTTP/1.1 " + status)
            assert word in said
    finally:
        proxy.close()
        inside.close()
    (selection,) = json.loads(configuration(name))["egressSelections"]
    assert selection["name"] == "cluster"
    assert selection["connection"]["transport"]["uds"]["udsName"] == f"@{name}"


def _connected(name):
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(5)
    made.connect(f"\0{name}")
    return made


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def test_a_certificate_is_for_its_names_and_is_renewed_after_two_thirds():
    spec = {
        "secretName": "it", "dnsNames": ["it.kserve.svc"], "commonName": "it.kserve.svc", "duration": "24h0m0s",
        "issuerRef": {"name": "self", "kind": "Issuer"},
    }  # fmt: skip
    issued = certificates.issue(spec)
    secret = certificates.secret({"metadata": {"name": "it", "namespace": "kserve"}, "spec": spec}, issued)
    assert set(secret["data"]) == {"tls.crt", "tls.key", "ca.crt"}
    found = certificates.read(secret)
    assert found is not None
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["it.kserve.svc"]
    assert issued.not_after - issued.not_before == timedelta(hours=24)
    now = datetime.now(UTC)
    assert certificates.serves(found, spec, now)
    assert not certificates.serves(found, spec, now + timedelta(hours=17))
    assert not certificates.serves(found, {**spec, "dnsNames": ["other"]}, now)
    assert certificates.read({"data": {"tls.crt": "bm9uZQ=="}}) is None


def test_a_node_class_is_ready_when_all_that_it_names_is_there():
    account = SimpleNamespace(
        has_role=lambda name: name == "nodes",
        subnets=lambda terms: [{"id": "subnet-1", "zone": "eu-central-1a"}] if terms else [],
        groups=lambda terms: [{"id": "sg-1"}] if terms[0]["id"] == "sg-1" else [],
    )
    one = {
        "metadata": {"name": "it", "uid": "01234567-89", "generation": 3},
        "spec": {
            "role": "nodes", "subnetSelectorTerms": [{"tags": {"tier": "private"}}],
            "securityGroupSelectorTerms": [{"id": "sg-1"}],
            "capacityReservationSelectorTerms": [{"id": "cr-1"}, {"tags": {"team": "x"}}],
        },
    }  # fmt: skip
    held = [{"id": "cr-1"}, {"id": "cr-2", "tags": {"team": "x", "a": "b"}}, {"id": "cr-3", "tags": {}}]

    said = node_classes.status(one, account, held)

    assert {it["type"]: it["status"] for it in said["conditions"]}["Ready"] == "True"
    assert [it["id"] for it in said["capacityReservations"]] == ["cr-1", "cr-2"]
    one["spec"] |= {"role": "nobody", "securityGroupSelectorTerms": [{"id": "sg-2"}]}
    ready = node_classes.status(one, account, held)["conditions"][-1]
    assert (ready["type"], ready["status"]) == ("Ready", "False")
    assert "nobody does not exist" in ready["message"]
    assert "no security group" in ready["message"]


def test_a_loop_goes_on_after_failures_and_says_so_once_they_last():
    notes, calls = [], []

    def step():
        calls.append(1)
        raise OSError("not yet")

    loop = Loop("it", step, notes.append).start()
    until(lambda: notes, 10)
    loop.stop()
    loop.join()
    assert notes == ["it: failed 3 times in a row: OSError: not yet"]
