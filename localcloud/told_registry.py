"""The model registry on this machine, as a running account is told of it."""

import json
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from localcloud.running import CloudError, Running

ANSWER_SECONDS = 30


def tell_registry(running: Running, region: str, cluster: str, url: str) -> None:
    """From now on pods of a cluster get their models from the MLflow at `url`, such as http://127.0.0.1:5000.

    The cluster need not exist yet. Raises CloudError.
    """
    address = urlsplit(running.endpoint)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=ANSWER_SECONDS)
    try:
        told = json.dumps({"region": region, "cluster": cluster, "url": url})
        connection.request("POST", "/_localcloud/registries", told)
        answer = connection.getresponse()
        said = answer.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        raise CloudError(f"the local cloud at {running.endpoint} cannot be told of {url}: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise CloudError(f"the local cloud at {running.endpoint} did not take the registry {url}: {said}")
