"""Records as one page for people: on screen, light or dark, and on paper; it asks nobody for anything."""

import base64
import hashlib
from collections import Counter
from pathlib import Path
from typing import get_args

from policies import rule
from policies.articles import heading
from seedbed.engine_run import name_of, type_of
from seedbed.records.evidence import Evidence, Outcome
from seedbed.records.flow_picture import flow_picture
from seedbed.records.gathered import OPEN_QUESTIONS, Activity, Records
from seedbed.records.machines import at
from seedbed.records.markup import Html, code, items, joined, marked, pairs, table, text
from seedbed.records.stores import CONDITIONS, LEGAL_BASES, DataStore

STYLE = Path(__file__).parent / "page.css"
SECTIONS = {
    "processing": "Record of processing activities",
    "stores": "All data stores",
    "transfers": "Transfers to third countries",
    "parties": "Processor register",
    "flows": "Data flows",
    "evidence": "Evidence, control by control",
    "told": "What the controls take as told",
}


def page(records: Records) -> str:
    """The page as HTML; its policy forbids scripts and requests, should anything ever smuggle one in."""
    style = "\n" + STYLE.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    title = f"Records of the environment {records.environment}"
    parts = {
        "processing": _processing(records),
        "stores": _stores(records),
        "transfers": _transfers(records),
        "parties": _parties(records),
        "flows": _flows(records),
        "evidence": _evidence(records),
        "told": _told(records),
    }
    links = "".join(f'<a href="#{name}">{text(words)}</a>' for name, words in SECTIONS.items())
    sections = "\n".join(
        f'<section id="{name}"><h2>{text(SECTIONS[name])}</h2>\n{body}</section>' for name, body in parts.items()
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{digest}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{text(title)}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{text(title)}</h1>
{_front(records)}
<nav aria-label="Parts">{links}</nav>
</header>
<main>
{sections}
</main>
</body>
</html>
"""


def _front(records: Records) -> Html:
    counted = Counter(one.outcome for one in records.evidence)
    tiles = [f"<b>{len(records.activities)}</b> stores of personal data"]
    tiles += [
        f'<b class="{one.replace(" ", "-")}">{counted[one]}</b> controls {one}'
        for one in get_args(Outcome)
        if counted[one]
    ]
    facts = pairs(
        [
            ("Controller", records.controller or "named by no setting"),
            ("Owner", records.owner),
            ("Place", f"account {records.account}, {records.region}"),
            ("Written", at(records.at)),
            ("From", f"{records.file} and the program, {records.resources} resources declared"),
            ("SHA-256 of the program", code(records.digests.program)),
            ("SHA-256 of the settings", code(records.digests.settings)),
            ("SHA-256 of what is declared", code(records.digests.declared)),
        ]
    )
    said = (
        "A satisfied control is evidence of a configuration as it is declared, never of lawfulness. "
        "Reasons and decisions are for people to write."
    )
    return Html(
        f"<p>{text(said)}</p>\n{facts}\n{items('counts', map(Html, tiles))}"
        + "".join(f"<p>{text(note)}</p>" for note in records.notes)
    )


def _processing(records: Records) -> Html:
    cards = "\n".join(_activity(one) for one in records.activities) or "<p>No store holds personal data.</p>"
    lead = "Art. 30(1) of the GDPR, from the tags that each store bears and from the settings that open it."
    rest = "What the program cannot say, and people add:"
    return Html(f"<p>{text(lead)}</p>\n{cards}\n<p>{text(rest)}</p>{items('open', OPEN_QUESTIONS)}")


def _activity(one: Activity) -> Html:
    store = one.store
    title = f"{store.register_id or 'without an entry in the register'}: {store.name}"
    facts = pairs(
        [
            ("Purpose", store.purpose),
            ("Legal basis", _basis(store)),
            ("Categories", marked(store.data_class, store.categories)),
            ("Controller", store.controller),
            ("Recipients", joined(store.recipients)),
            ("Teams", joined(one.teams)),
            ("Pipelines", joined(one.pipelines)),
            ("Endpoints", joined(one.endpoints)),
            ("Place", f"{store.region}, {store.place}" if store.place else store.region),
            ("Erased after", f"{store.retention_days} days" if store.retention_days else ""),
            ("Erasure on request", store.erasure_path),
            ("Encrypted with", joined(store.keys)),
            ("Store", code(store.urn)),
        ]
    )
    shields = [
        Html(f"{text(s.title)}: {marked(s.outcome, f'control {s.control} {s.outcome}')}") for s in store.safeguards
    ]
    return Html(
        f'<article class="card" data-store="{text(store.name)}"><h3>{text(title)}</h3>{facts}'
        f"<p>Safeguards (Art. 30(1)(g), 32(1)), by the controls that looked at the store and what belongs to it:</p>"
        f"{items('safeguards', shields)}</article>"
    )


def _basis(store: DataStore) -> str:
    """Codes with what they cite."""
    said = [(store.legal_basis, LEGAL_BASES), (store.special_condition, CONDITIONS)]
    return ", ".join(f"{one} ({known[one]})" if one in known else one for one, known in said if one)


def _stores(records: Records) -> Html:
    rows = [
        (
            one.name,
            one.kind,
            marked(one.data_class, one.data_class) if one.data_class else "not classified",
            one.stage,
            _basis(one) if one.personal else "no personal data",
            marked("id", one.region),
            one.retention_days,
            joined(marked("id", s.control) for s in one.safeguards if s.outcome == "satisfied"),
        )
        for one in records.stores
    ]
    head = ("store", "kind", "class", "stage", "legal basis", "region", "days", "controls satisfied")
    return table("Every resource that holds data; days until it is erased, where it says so", head, rows)


def _transfers(records: Records) -> Html:
    where = joined(records.transfers.regions)
    lead = Html(f"<p>Personal data is stored in {where}. Controls that judge where data and its copies go:</p>")
    rows = [
        (marked("id", one.control.id), one.control.title, marked(one.outcome, one.outcome))
        for one in records.transfers.evidence
    ]
    return Html(lead + table("Art. 44 to 46", ("control", "asks that", "verdict"), rows))


def _parties(records: Records) -> Html:
    rows = [
        (one.name, one.role, one.does, one.where, one.contract, joined(map(code, one.proof))) for one in records.parties
    ]
    head = ("who", "role", "what for", "where", "contract", "named by")
    return table("Everybody outside whom the program names (Art. 28, 30(1)(d))", head, rows)


def _flows(records: Records) -> Html:
    rows = [
        (way.source, way.target, marked(way.data_class, way.data_class) if way.data_class else "", way.why)
        for way in records.flows.flows
    ]
    lead = "Ways that data may take. What comes of data has its class here: whether a model holds personal data is a "
    lead += "question of each case."
    return Html(
        f'<p>{text(lead)}</p><div class="scroll">{flow_picture(records.flows)}</div>'
        + table("The same as a list", ("from", "to", "highest class", "because"), rows)
    )


def _evidence(records: Records) -> Html:
    rows = [
        (
            marked("id", one.control.id),
            Html(f"{text(one.control.title)}{_findings(one)}"),
            joined(_article(article) for article in one.control.gdpr),
            one.level,
            marked(one.outcome, one.words),
            _looked_at(one),
        )
        for one in records.evidence
    ]
    head = ("control", "asks that", "articles", "level", "verdict", "resources")
    note = "Each resource by name: on screen here, and in records.json."
    return Html(f"<p>{text(note)}</p>" + table(f"As of {at(records.at)}", head, rows))


def _told(records: Records) -> Html:
    lead = "No resource proves these entries of policies/config: whoever keeps a register answers for what it says."
    rows = [
        (code(one.register), joined((f"{name}: {_plain(value)}" for name, value in one.entry.items()), "; "))
        for one in records.told
    ]
    return Html(f"<p>{text(lead)}</p>" + table("Entry by entry", ("register", "says"), rows))


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _article(article: str) -> Html:
    return Html(f'<abbr title="{text(heading(article))}">{text(article)}</abbr>')


def _findings(one: Evidence) -> Html:
    if not one.findings:
        return Html("")
    said = [Html(f"{code(name_of(f.urn) or f.urn)} {text(_said(f))}") for f in one.findings]
    return items("findings", said)


def _said(finding: rule.Finding) -> str:
    where = f"{finding.path}: " if finding.path else ""
    waiver = finding.waiver
    by = f" (exception until {waiver.until}: {waiver.reason} {waiver.approver}, {waiver.ticket})" if waiver else ""
    return f"{where}{finding.message}{by}"


def _looked_at(one: Evidence) -> Html:
    counted = Counter(state for _, state in one.looked_at)
    words = joined(f"{count} {state}" for state, count in sorted(counted.items()))
    if not one.looked_at:
        return text("none")
    listed = items("urn", (f"{state}: {type_of(urn)} {name_of(urn)}" for urn, state in one.looked_at))
    return Html(f"{words}<details><summary>by name</summary>{listed}</details>")
