"""moto logs each request as an object of the log bucket at once, so that it can never be emptied; AWS takes hours."""

from moto.s3.models import S3Backend

from localcloud import overlay


@overlay.replaces(S3Backend, "log_incoming_request")
def deliver_nothing(*_: object, **__: object) -> None:
    """Access logs are kept as a setting only: nothing is delivered (docs/local-cloud.md says so)."""
