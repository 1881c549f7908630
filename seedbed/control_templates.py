"""What the files of a control look like before somebody has filled them in."""

import json
from collections.abc import Sequence

MARK = "FILL IN"
"""Stands wherever a person has to write; a test names each place that still bears it."""

LEVELS = {"dev": "advisory"}
"""Level of a new control by environment; mandatory in all others."""

KINDS = {
    "good": "the smallest that complies",
    "bad": "the same with one deviation",
    "unknown": 'the same with the input unknown: !unknown ""',
    "absent": "the same without the input; if the service's default complies, say expect: {absent: pass}",
    "na": "resources that it does not concern",
}

NEEDED = {"collections.abc": ("Iterator",), "policies.rule": ("Parameters", "Problem", "Resource", "Stack", "control")}
"""What the function below imports, by module; `expect` and `is_on` of policies.rule too."""

NAMES = {**NEEDED, "policies.rule": tuple(sorted((*NEEDED["policies.rule"], "expect", "is_on"), key=str.lower))}


def module(id: str) -> str:
    """A new file of a concern, without a function yet."""
    return f'"""{MARK}: the concern of {id} in a noun phrase."""\n'


def function(id: str, title: str, types: Sequence[str], articles: Sequence[str]) -> str:
    """The rule: an example that reads one switch, to be written anew."""
    return f'''

@control(
    {_text(id)},
    title={_text(title or f"{MARK}: what must hold, in a few words")},
    kind="resource",  # {MARK}: or "stack", where the proof is another resource
    severity="medium",  # {MARK}: low, medium, high or critical
    types={_tuple(types)},{_note(types, 'type tokens, such as "aws:s3/bucket:Bucket"')}
    basis={_tuple(articles)},{_note(articles, 'articles of the GDPR, such as "32(1)(a)"')}
    refs=(),  # {MARK}: checks of others that ask for the same
)
def {id.lower().replace("-", "_")}(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """{MARK}: the norm in positive form, with what the service does where the input is absent."""
    found, fix = "{MARK}: what was found, never a value", "{MARK}: what to set"
    yield from expect(one.props, "enabled", is_on, found, fix, default=False)  # {MARK}: the input
'''


def fixture(types: Sequence[str]) -> str:
    """The five cases, empty ones but for the type where it is known."""
    lines = []
    for kind, words in KINDS.items():
        lines.append(f"# {MARK}: {words}.")
        if types and kind != "na":
            lines += [f"{kind}:", f"  - {{type: {_text(types[0])}, name: one, props: {{}}}}"]
        else:
            lines.append(f"{kind}: []")
    return "\n".join(lines) + "\n"


def mutation(id: str) -> str:
    """A row of tests/policies/mutations.yaml."""
    says = f"{MARK}: one deviation of compliant.yaml, which this control alone meets"
    return f'- {{control: {id}, says: "{says}", set: [{MARK}, {MARK}, {MARK}]}}\n'


def level(environment: str) -> str:
    """The level of a new control."""
    return LEVELS.get(environment, "mandatory")


def _text(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)


def _tuple(words: Sequence[str]) -> str:
    return f"({', '.join(map(_text, words))}{',' * (len(words) == 1)})"


def _note(words: Sequence[str], what: str) -> str:
    return "" if words else f"  # {MARK}: {what}"
