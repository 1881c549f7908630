"""Evidence as JUnit XML, for CI: a suite for each pack, a test case for each control."""

from collections.abc import Sequence
from xml.etree import ElementTree

from policies.rule import PACKS
from seedbed.records.evidence import Evidence
from seedbed.records.gathered import Records
from seedbed.records.machines import at


def junit(records: Records) -> str:
    """A mandatory violation, or what stops the environment because it is undecided, is a failure.

    Advice, exceptions and what was not asked or did not concern anything are skipped, with the reason: JUnit has no
    word between passed and failed.
    """
    suites = ElementTree.Element("testsuites", name=f"seedbed {records.environment}")
    for pack in PACKS:
        _suite(suites, pack, [one for one in records.evidence if one.control.pack == pack], records)
    for name in ("tests", "failures", "errors", "skipped"):
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    suites.set("time", "0")
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _suite(suites: ElementTree.Element, pack: str, some: Sequence[Evidence], records: Records) -> None:
    suite = ElementTree.SubElement(
        suites, "testsuite", name=f"seedbed.{records.environment}.{pack}", timestamp=at(records.at).removesuffix("Z")
    )
    properties = ElementTree.SubElement(suite, "properties")
    digests = {"program": records.digests.program, "settings": records.digests.settings}
    for name, value in digests.items():
        ElementTree.SubElement(properties, "property", name=f"{name}-sha-256", value=value)
    for one in some:
        _case(suite, one, records)
    counts = {"tests": len(some), "failures": len(suite.findall("*/failure")), "errors": 0}
    for name, count in {**counts, "skipped": len(suite.findall("*/skipped"))}.items():
        suite.set(name, str(count))
    suite.set("time", "0")


def _case(suite: ElementTree.Element, one: Evidence, records: Records) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=suite.get("name", ""), name=f"{one.control.id} {one.control.title}", time="0"
    )
    if one.outcome in ("not applicable", "not asked", "waived"):
        ElementTree.SubElement(case, "skipped", message=_printable(_why(one)))
    elif one.outcome != "satisfied":
        stops = one.level == "mandatory" and (one.outcome == "violated" or _undecided_stops(records))
        kind = "failure" if stops else "skipped"
        made = ElementTree.SubElement(case, kind, message=_printable(f"{one.words}, {one.level}"))
        if stops:
            made.set("type", one.outcome)
        made.text = _printable("\n".join(f"{finding.urn}\n  {finding}" for finding in one.findings))
    looked = len(one.looked_at)
    out = ElementTree.SubElement(case, "system-out")
    out.text = _printable(f"{one.words}; {looked} resources judged; GDPR Art. {', '.join(one.control.gdpr) or 'none'}")


def _why(one: Evidence) -> str:
    if one.outcome == "waived":
        waivers = {finding.waiver.ticket: finding.waiver for finding in one.findings if finding.waiver}
        return "; ".join(f"{one.words} until {w.until} by {w.approver}, {w.ticket}" for w in waivers.values())
    return one.words


def _undecided_stops(records: Records) -> bool:
    """Whether GOV-04, which speaks for what is undecided, is mandatory here."""
    return any(one.control.id == "GOV-04" and one.level == "mandatory" for one in records.evidence)


def _printable(text: str) -> str:
    """Text without characters that XML 1.0 has no way to write."""
    return "".join(one for one in text if one in "\t\n\r" or (one >= " " and one not in "\ufffe\uffff"))
