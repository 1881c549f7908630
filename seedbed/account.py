"""The account of an environment, asked directly."""

import os
from collections.abc import Collection, Iterator
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

import localcloud
from localcloud import Running
from seedbed.failures import WrongInputError
from stacks.settings import Settings

UNASKED = (None, None, None, None)
NO_FILE = (None, None, os.devnull, None)

ALSO = {
    "logs": ("cloudwatchlogs", "cloudwatchlog"),
    "resourcegroupstaggingapi": ("resourcegroupstagging",),
    "s3": ("s3api",),
}
"""Other names that the provider takes for a service in aws:endpoints, by our SDK's name."""


class Account:
    """Clients of the environment's account and region.

    With `running` they speak to the account on this machine and to no other, whatever the user's AWS set-up says.
    Raises WrongInputError where the credentials at hand belong to another account than the environment's.
    """

    def __init__(self, settings: Settings, running: Running | None = None) -> None:
        self.settings = settings
        self._running = running
        self._clients: dict[str, Any] = {}
        self._session = self._open()
        self._prove()

    @property
    def prefix(self) -> str:
        """Start of every name that the environment gives: `{system}-{env}`."""
        return self.settings.prefix

    @property
    def own_tags(self) -> dict[str, str]:
        """Tags that tell the environment's things from all others."""
        tags = self.settings.tags
        return {"system": tags["system"], "env": tags["env"]}

    @property
    def on_this_machine(self) -> bool:
        """Whether it is the local cloud's account, whatever its number."""
        return self._running is not None

    def names(self, name: str, others: Collection[str]) -> bool:
        """Whether a name is one that this environment gives.

        `others` are the names of all environments: `seedbed-dev-x-...` belongs to `dev-x` where there is one.
        """

        def starts_with(start: str) -> bool:
            return name == start or name.startswith((f"{start}-", f"{start}/"))

        starts = (f"{self.settings.tags['system']}-{other}" for other in others if other != self.settings.name)
        return starts_with(self.prefix) and not any(starts_with(one) for one in starts if len(one) > len(self.prefix))

    def client(self, service: str) -> Any:
        """The boto3 client of a service."""
        if service not in self._clients:
            client: Any = self._session.client
            self._clients[service] = client(service, region_name=self.settings.region, **self._reach(service))
        return self._clients[service]

    def _reach(self, service: str) -> dict[str, Any]:
        """Where a service is, for the provider and for us alike."""
        if self._running is not None:
            # No proxy stands between a process and its own machine.
            config = Config(proxies={}, s3={"addressing_style": "path"}, retries={"max_attempts": 1})
            return {"endpoint_url": self._running.endpoint, "config": config}
        provider = self.settings.provider
        reach: dict[str, Any] = {}
        for name in (service, *ALSO.get(service, ())):
            if name in provider.endpoints:
                reach["endpoint_url"] = str(provider.endpoints[name])
                break
        if provider.s3_use_path_style:
            reach["config"] = Config(s3={"addressing_style": "path"})
        return reach

    def pages(self, service: str, operation: str, result: str, **arguments: Any) -> Iterator[Any]:
        """Every item of a listing, over all its pages."""
        client = self.client(service)
        if not client.can_paginate(operation):
            yield from getattr(client, operation)(**arguments).get(result) or []
            return
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page.get(result) or []

    def _prove(self) -> None:
        """What the provider proves by `allowedAccountIds`, for everything that is asked or deleted here."""
        found = self.client("sts").get_caller_identity()["Account"]
        if found != self.settings.account:
            raise WrongInputError(
                f"{self.settings.name}: the credentials belong to account {found}, the environment to "
                f"{self.settings.account} (aws:allowedAccountIds).",
                do="Log in to the environment's account, or name its profile in aws:profile.",
            )

    def _open(self) -> boto3.Session:
        if self._running is None:
            return self._users_own()
        # A profile or file of the user's must not be looked at, let alone be missing.
        aside = {"profile": UNASKED, "config_file": NO_FILE, "credentials_file": NO_FILE}
        session = botocore.session.Session(session_vars=aside)
        keys = localcloud.environment(self._running, self.settings.region)
        return boto3.Session(
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            region_name=self.settings.region,
            botocore_session=session,
        )

    def _users_own(self) -> boto3.Session:
        """The user's login, in the role that the provider takes on too."""
        provider = self.settings.provider
        session = boto3.Session(region_name=self.settings.region, profile_name=provider.profile)
        if provider.assume_role is None:
            return session
        client: Any = session.client
        sts = client("sts", **self._reach("sts"))
        answer = sts.assume_role(RoleArn=provider.assume_role.role_arn, RoleSessionName="seedbed")
        keys = answer["Credentials"]
        return boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=self.settings.region,
        )
