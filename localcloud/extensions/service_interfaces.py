"""moto's clusters and databases have no interfaces in the network, so that it could go while they need it."""

from collections.abc import Iterable
from typing import Any

from localcloud.backends import backend_of
from localcloud.call import Call


def subnet(call: Call, name: str) -> Any:
    """The subnet with this id, or None."""
    return find_subnet(backend_of("ec2", call.account, call.region), name)


def find_subnet(ec2: Any, name: str) -> Any:
    """The same, in the state of EC2."""
    return next((zone[name] for zone in ec2.subnets.values() if name in zone), None)


def place(call: Call, subnets: Iterable[str], groups: Iterable[str], description: str, kind: str) -> list[str]:
    """Makes an interface in use in each of the subnets, with these security groups; gives their ids."""
    ec2 = backend_of("ec2", call.account, call.region)
    made = []
    for name in subnets:
        within = subnet(call, name)
        eni = ec2.create_network_interface(within, None, group_ids=list(groups), description=description)
        address = within.get_available_subnet_ip(eni)
        eni.private_ip_address = address
        eni.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
        eni.status, eni.requester_managed, eni.interface_type = "in-use", True, kind
        made.append(eni.id)
    return made


def regroup(call: Call, interfaces: Iterable[str], groups: Iterable[str]) -> None:
    """Gives interfaces other security groups."""
    ec2 = backend_of("ec2", call.account, call.region)
    wanted = [ec2.get_security_group_from_id(name) for name in groups]
    for name in interfaces:
        ec2.enis[name]._group_set = list(wanted)


def remove(call: Call, interfaces: Iterable[str]) -> None:
    """Takes interfaces away, with whatever was said of them."""
    ec2 = backend_of("ec2", call.account, call.region)
    for name in interfaces:
        eni = ec2.enis.pop(name, None)
        ec2.tags.pop(name, None)
        if eni is not None:
            eni.subnet.del_subnet_ip(eni.private_ip_address)
