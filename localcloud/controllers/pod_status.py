"""What the API server is told of a pod whose program runs beside the cluster."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from localcloud.controllers.watching import Object

OURS = ("Initialized", "Ready", "ContainersReady")


def status(pod: Object, *, is_running: bool, is_ready: bool, restarts: int, said: str) -> dict[str, Any] | None:
    """The status to write, or None where the pod has it already; `said` is why it is not ready."""
    before: Object = pod.get("status", {})
    moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    known = {one["type"]: one for one in (before.get("conditions") or [])}
    others = [one for kind, one in known.items() if kind not in OURS]
    reason = {} if is_ready else {"reason": "ContainersNotReady", "message": said[:1000]}
    conditions = [
        _condition(known, moment, "Initialized", True, {}),
        _condition(known, moment, "Ready", is_ready, reason),
        _condition(known, moment, "ContainersReady", is_ready, reason),
    ]
    started = before.get("startTime", moment)
    state = (
        {"running": {"startedAt": started}}
        if is_running
        else {"waiting": {"reason": "CrashLoopBackOff" if restarts else "ContainerCreating", "message": said[:1000]}}
    )
    wanted: dict[str, Any] = {
        "phase": "Running" if is_running or before.get("phase") == "Running" else "Pending",
        "startTime": started,
        "hostIP": before.get("hostIP", "127.0.0.1"),
        "podIP": before.get("podIP") or address(pod["metadata"]["uid"]),
        "conditions": others + conditions,
        "containerStatuses": [
            {
                "name": one["name"],
                "image": one.get("image", ""),
                "imageID": "",
                "ready": is_ready,
                "started": is_running,
                "restartCount": restarts,
                "state": state,
            }
            for one in pod["spec"]["containers"]
        ],
    }
    wanted["podIPs"] = [{"ip": wanted["podIP"]}]
    wanted["hostIPs"] = [{"ip": wanted["hostIP"]}]
    return None if _essence(before) == _essence(wanted) else wanted


def address(uid: str) -> str:
    """An address for a pod, out of those for shared use (RFC 6598)."""
    number = hashlib.sha256(uid.encode()).digest()
    return f"100.{64 + number[0] % 64}.{number[1]}.{1 + number[2] % 254}"


def _condition(
    known: dict[str, Object], moment: str, kind: str, is_true: bool, reason: dict[str, str]
) -> dict[str, Any]:
    wanted, before = "True" if is_true else "False", known.get(kind, {})
    since = before["lastTransitionTime"] if before.get("status") == wanted else moment
    return {"type": kind, "status": wanted, "lastTransitionTime": since, **reason}


def _essence(one: Object) -> tuple[Any, ...]:
    """What of a status tells a person something new."""
    conditions = {it["type"]: (it["status"], it.get("message")) for it in (one.get("conditions") or [])}
    containers = [
        (it["name"], it["ready"], it["restartCount"], *it["state"]) for it in (one.get("containerStatuses") or [])
    ]
    return one.get("phase"), one.get("podIP"), [conditions.get(kind) for kind in OURS], containers
