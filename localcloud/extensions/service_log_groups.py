"""moto's databases and clusters write no logs, and so never make the log groups that AWS makes for them."""

from localcloud.backends import backend_of
from localcloud.call import Call


def written_by_a_service(call: Call, name: str) -> None:
    """The log group that a service writes to is there from now on; one that the service makes keeps all for ever.

    Who wants a key or a retention makes it first (Amazon CloudWatch Logs User Guide, "Working with log groups").
    """
    backend_of("logs", call.account, call.region).ensure_log_group(name)
