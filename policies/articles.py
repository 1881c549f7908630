"""Articles of the GDPR (Regulation (EU) 2016/679) that controls serve: their headings, and their order."""

import re

HEADINGS = {
    4: "Definitions",
    5: "Principles relating to processing of personal data",
    6: "Lawfulness of processing",
    9: "Processing of special categories of personal data",
    12: "Transparent information, communication and modalities",
    13: "Information where data are collected from the data subject",
    15: "Right of access by the data subject",
    16: "Right to rectification",
    17: "Right to erasure",
    18: "Right to restriction of processing",
    20: "Right to data portability",
    22: "Automated individual decision-making, including profiling",
    24: "Responsibility of the controller",
    25: "Data protection by design and by default",
    28: "Processor",
    29: "Processing under the authority of the controller or processor",
    30: "Records of processing activities",
    32: "Security of processing",
    33: "Notification of a personal data breach to the supervisory authority",
    34: "Communication of a personal data breach to the data subject",
    35: "Data protection impact assessment",
    44: "General principle for transfers",
    45: "Transfers on the basis of an adequacy decision",
    46: "Transfers subject to appropriate safeguards",
    48: "Transfers or disclosures not authorised by Union law",
    49: "Derogations for specific situations",
}
"""Heading of each article, by its number."""

_PARAGRAPH = re.compile(r"(\d+)(?:\((\d+)\)(?:\(([a-z])\))?)?")


def heading(article: str) -> str:
    """The heading of the article that a citation such as `32(1)(a)` belongs to; empty where none is known."""
    return HEADINGS.get(place(article)[0], "")


def place(article: str) -> tuple[int, int, str]:
    """Where a citation stands in the regulation: article, paragraph, letter; raises ValueError for what is none."""
    found = _PARAGRAPH.fullmatch(article)
    if found is None:
        raise ValueError(f"{article!r} cites no article; write 5(2), 32(1)(a) or 44")
    return int(found[1]), int(found[2] or 0), found[3] or ""
