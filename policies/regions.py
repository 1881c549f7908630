"""Regions in which an environment may be."""

from policies.control import Parameters


def approved(given: Parameters) -> frozenset[str]:
    """Regions of the EEA list, and those with a recorded adequacy decision (Art. 45 of the GDPR)."""
    decided = {entry["region"] for entry in given.get("adequacyDecisions", ()) if entry.get("decision")}
    return frozenset({entry["region"] for entry in given.get("regions", ())} | decided)
