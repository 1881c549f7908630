"""Why a cluster gives no answer, or not the one that was asked for."""


class ClusterError(Exception):
    """Something could not be learnt of a cluster or done in it; str() says why, in one line."""


class NoClusterError(ClusterError):
    """The account has no such cluster."""


class UnreachableError(ClusterError):
    """The cluster is there, but its API does not answer from here."""


class RefusalError(ClusterError):
    """The API server answered, and said no."""

    def __init__(self, words: str, status: int, reason: str) -> None:
        super().__init__(words)
        self.status = status
        """HTTP status."""
        self.reason = reason
        """In the words of Kubernetes: Forbidden, Conflict, AlreadyExists, Invalid, ... (API conventions, "reason")."""


class UnknownKindError(RefusalError):
    """The cluster does not know the kind of thing: what defines it is not installed."""
