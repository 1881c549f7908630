"""What charts here need of EKS's add-on cert-manager: self-signed certificates, and their authority in webhooks."""

from datetime import UTC, datetime
from typing import Any

from localcloud.clusters.api import Api, ApiError
from localcloud.controllers import certificates
from localcloud.controllers.watching import Loop, Note, Object, Picture

ADD_ON = "cert-manager"
INJECT = "cert-manager.io/inject-ca-from"
CERTIFICATES = "/apis/cert-manager.io/v1/certificates"
WEBHOOKS = (
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
)
SOON, LATER = 1.0, 60.0


class CertManager:
    """Keeps secrets and webhooks as the Certificates of a cluster say."""

    def __init__(self, api: Api, note: Note) -> None:
        self._api = api
        self._loop = Loop(ADD_ON, self._step, note)
        self._certificates = Picture(api, CERTIFICATES, self._loop.wake)
        self._webhooks = [Picture(api, path, self._loop.wake) for path in WEBHOOKS]

    def start(self) -> None:
        """Begins; its kinds are installed."""
        for one in (self._certificates, *self._webhooks):
            one.start()
        self._loop.start()

    def stop(self) -> None:
        """Ends; what was made stays."""
        for one in (self._certificates, *self._webhooks, self._loop):
            one.stop()
        self._loop.join()

    def _step(self) -> float:
        held: dict[str, str] = {}
        pause = LATER
        for one in self._certificates.objects():
            if "deletionTimestamp" not in one["metadata"]:
                authority = self._serve(one)
                if authority is None:
                    pause = SOON  # its issuer may come after it
                else:
                    held[f"{one['metadata']['namespace']}/{one['metadata']['name']}"] = authority
        for path, picture in zip(WEBHOOKS, self._webhooks, strict=True):
            for one in picture.objects():
                wanted = held.get(one["metadata"].get("annotations", {}).get(INJECT, ""))
                if wanted:
                    self._inject(path, one, wanted)
        return pause

    def _serve(self, one: Object) -> str | None:
        """The authority of a Certificate, in base64, after its Secret is there; None where its issuer is not known."""
        meta, spec = one["metadata"], one["spec"]
        path = f"/api/v1/namespaces/{meta['namespace']}/secrets/{spec['secretName']}"
        problem = self._problem(one)
        if problem:
            self._tell(one, None, problem)
            return None
        found = self._find(path)
        known = certificates.read(found)
        if found is None or known is None or not certificates.serves(known, spec, datetime.now(UTC)):
            found = self._api.apply(path, certificates.secret(one, certificates.issue(spec)))
            known = certificates.read(found)
        self._tell(one, known, "")
        return found["data"]["ca.crt"]

    def _problem(self, one: Object) -> str:
        """Why a Certificate cannot be served; empty where it can."""
        reference, namespace = one["spec"]["issuerRef"], one["metadata"]["namespace"]
        kind = reference.get("kind", "Issuer")
        place = f"namespaces/{namespace}/issuers" if kind == "Issuer" else "clusterissuers"
        issuer = self._find(f"/apis/cert-manager.io/v1/{place}/{reference['name']}")
        if issuer is None:
            return f'Referenced "{kind}" not found: {reference["name"]}'
        if "selfSigned" not in issuer["spec"]:
            found = ", ".join(issuer["spec"])
            return f"the local cloud knows issuers of kind selfSigned only; {kind} {reference['name']} is {found}"
        return ""

    def _find(self, path: str) -> Object | None:
        try:
            return self._api.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _tell(self, one: Object, known: Any, problem: str) -> None:
        before: Object = one.get("status", {})
        old = next((it for it in (before.get("conditions") or []) if it["type"] == "Ready"), {})
        ready = "False" if problem else "True"
        moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        condition = {
            "type": "Ready",
            "status": ready,
            "reason": "DoesNotExist" if problem else "Ready",
            "message": problem or "Certificate is up to date and has not expired",
            "observedGeneration": one["metadata"]["generation"],
            "lastTransitionTime": old["lastTransitionTime"] if old.get("status") == ready else moment,
        }
        status: dict[str, Any] = {"conditions": [condition]}
        if known is not None:
            life = known.not_valid_after_utc - known.not_valid_before_utc
            times = {
                "notBefore": known.not_valid_before_utc,
                "notAfter": known.not_valid_after_utc,
                "renewalTime": known.not_valid_before_utc + life * 2 / 3,
            }
            status |= {name: f"{when:%Y-%m-%dT%H:%M:%SZ}" for name, when in times.items()}
        if {name: before.get(name) for name in status} != status:
            meta = one["metadata"]
            path = f"/apis/cert-manager.io/v1/namespaces/{meta['namespace']}/certificates/{meta['name']}/status"
            self._api.patch(path, {"status": status})

    def _inject(self, path: str, one: Object, authority: str) -> None:
        """Each webhook trusts the authority; only that field is claimed, so that nobody else's value moves."""
        if all(it["clientConfig"].get("caBundle") == authority for it in one.get("webhooks", [])):
            return
        hooks = [{"name": it["name"], "clientConfig": {"caBundle": authority}} for it in one["webhooks"]]
        group = "admissionregistration.k8s.io/v1"
        wanted = {"apiVersion": group, "kind": _kind(path), "metadata": {"name": one["metadata"]["name"]}}
        self._api.apply(f"{path}/{one['metadata']['name']}", {**wanted, "webhooks": hooks}, "cert-manager-cainjector")


def _kind(path: str) -> str:
    return "MutatingWebhookConfiguration" if "mutating" in path else "ValidatingWebhookConfiguration"
