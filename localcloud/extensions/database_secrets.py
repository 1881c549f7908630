"""moto gives every managed database the same user and password, and lets anybody take its secret away."""

import json
import secrets
import string
from typing import Any

from moto.rds.models import DBInstance, MasterUserSecret

from localcloud import overlay
from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.refusal import Answer, Refusal

LENGTH = 28
ROTATION_DAYS = 7


@overlay.replaces(MasterUserSecret, "_generate_secret_string")
def a_password_of_its_own(self: MasterUserSecret) -> str:
    """RDS User Guide, "Password management with Amazon RDS and AWS Secrets Manager": 28 characters, made by RDS."""
    alphabet = string.ascii_letters + string.digits + "!#$%&()*+-.:;<=>?[]^_{|}~"
    owner: Any = self.resource
    password = "".join(secrets.choice(alphabet) for _ in range(LENGTH))
    if isinstance(owner, DBInstance):
        owner._master_user_password = password
    return json.dumps({"username": owner.master_username, "password": password})


@overlay.replaces(MasterUserSecret, "secret_status")
@property
def a_secret_is_ready_at_once(self: MasterUserSecret) -> str:
    """moto has it in creation until somebody asks, so that each look would show another state."""
    return "active"


@overlay.follows("rds", "CreateDBInstance", "ModifyDBInstance")
def a_secret_is_to_be_changed_every_week(call: Call, _: Answer) -> None:
    """RDS User Guide, "Password management with Amazon RDS and AWS Secrets Manager": rotation cannot be off."""
    known = backend_of("secretsmanager", call.account, call.region).secrets
    for database in call.backend.databases.values():
        managed = getattr(database, "master_user_secret", None)
        secret = known.get(managed.secret_arn) if managed else None
        if secret is not None:
            secret.rotation_requested = secret.rotation_enabled = True
            secret.auto_rotate_after_days = ROTATION_DAYS


@overlay.checks("secretsmanager", "DeleteSecret", "PutSecretValue", "UpdateSecret", "RestoreSecret")
def a_secret_is_changed_by_the_service_that_owns_it(call: Call) -> None:
    """Secrets Manager User Guide, "AWS Secrets Manager secrets managed by other AWS services"."""
    secret = call.backend.secrets.get(call.input["SecretId"])
    if getattr(secret, "owning_service", None):
        raise Refusal(
            "InvalidRequestException",
            f"You can't change the secret {call.input['SecretId']}: it is managed by {secret.owning_service}.",
        )
