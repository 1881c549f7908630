"""The wait for what a client that is gone had asked for."""

import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

from localcloud.running import CloudError, Running

ACCEPTED_SECONDS = 1.0
"""In this time a request that lies in the system's queue has come in, on a busy machine too."""

PATIENCE_SECONDS = 120


def wait_until_quiet(running: Running) -> None:
    """Returns when every request that was made before has been answered. Raises CloudError."""
    time.sleep(ACCEPTED_SECONDS)
    address = urlsplit(running.endpoint)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("POST", "/_localcloud/quiet", headers={"Content-Length": "0"})
        status = connection.getresponse().status
    except OSError as error:
        raise CloudError(f"the local cloud at {running.endpoint} does not come to rest: {error}") from error
    finally:
        connection.close()
    if status != 200:
        raise CloudError(f"the local cloud at {running.endpoint} answered its wait for quiet with status {status}")
