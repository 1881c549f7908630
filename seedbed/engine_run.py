"""What the engine reports of one preview, update, refresh or destroy, as plain records."""

import re
import time
from collections import Counter
from dataclasses import dataclass, field

from pulumi.automation.events import DiagnosticEvent, EngineEvent, PolicyEvent, StepEventMetadata

# Expected words of a run with our own binaries on PATH: that they are used is the point.
EXPECTED = re.compile(r"using pulumi-\S+ from \$PATH at ")
CONTROL = re.compile(r"^\s*(?P<id>[A-Z]+-\d+)\b", re.MULTILINE)
COLOUR = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")
UNCHANGED = frozenset({"same", "read", "refresh", "read-replacement"})
REPLACING = frozenset({"replace", "create-replacement", "delete-replaced"})

# What is lost when one of these goes, in words.
STATEFUL = {
    "aws:s3/bucket:Bucket": "every object and every version in it",
    "aws:s3/bucketV2:BucketV2": "every object and every version in it",
    "aws:kms/key:Key": "everything encrypted under it is unreadable at once, and lost when its deletion window ends",
    "aws:ecr/repository:Repository": "every image in it",
    "aws:ec2/vpc:Vpc": "the network under everything in it",
    "aws:ec2/eip:Eip": "the address that others may have allowed",
    "aws:cloudwatch/logGroup:LogGroup": "every log line in it",
    "aws:rds/instance:Instance": "every row in it, and its automated backups",
    "aws:eks/cluster:Cluster": "everything that runs in it, and what its pods kept on their disks",
    "kubernetes:core/v1:Namespace": "everything in it, and what its pods kept on their disks",
    "kubernetes:core/v1:PersistentVolumeClaim": "its disk, unless the volume's reclaim policy keeps it",
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": "every object of its kind, in every namespace",
    "aws:cloudtrail/trail:Trail": "the record of who does what, until the next one runs",
}


@dataclass
class Change:
    """One resource in a run."""

    urn: str
    op: str
    """The engine's word: create, update, replace, same, delete, ..."""
    started: float
    ended: float | None = None
    failed: bool = False
    because: tuple[str, ...] = ()
    """Properties that make it change or be replaced."""
    parent: str = ""
    """URN of the component that holds it."""
    id: str = ""
    """What the account calls it; empty where it is not made yet."""

    @property
    def type(self) -> str:
        return type_of(self.urn)

    @property
    def name(self) -> str:
        return name_of(self.urn)

    @property
    def at_stake(self) -> str:
        """What would be lost; empty where nothing is."""
        return STATEFUL.get(self.type, "") if self.op in REPLACING or self.op == "delete" else ""


@dataclass(frozen=True)
class Diagnostic:
    """The engine's, a provider's or the program's own words."""

    severity: str
    urn: str
    message: str


@dataclass(frozen=True)
class Violation:
    """A policy's verdict on a resource or on the stack."""

    policy: str
    pack: str
    level: str
    urn: str
    message: str

    @property
    def blocking(self) -> bool:
        return self.level == "mandatory"

    @property
    def control(self) -> str:
        """The control that speaks; the packs bundle many into one policy of the engine."""
        said = CONTROL.search(self.message)
        return said["id"] if said else self.policy

    @property
    def words(self) -> str:
        """What the control says, without the engine's frame around it."""
        said = CONTROL.search(self.message)
        return self.message[said.end() :].strip() if said else self.message


@dataclass
class EngineRun:
    """Collects the event stream of one run; safe to read while it grows."""

    expected: int | None = None
    """How many resources the run will visit, where a preview told."""
    changes: dict[str, Change] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    """Resources by operation, as the engine sums up; empty for a run that did not reach its end."""
    packs: list[str] = field(default_factory=list)
    """Policy packs that ran."""

    def observe(self, event: EngineEvent) -> None:
        """Takes one event of the engine."""
        if event.resource_pre_event:
            self._begin(event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._finish(event.res_outputs_event.metadata)
        elif event.res_op_failed_event:
            self._finish(event.res_op_failed_event.metadata, failed=True)
        elif event.diagnostic_event:
            self._diagnose(event.diagnostic_event)
        elif event.policy_event:
            self._judge(event.policy_event)
        elif event.summary_event:
            self.counts = {str(getattr(op, "value", op)): n for op, n in event.summary_event.resource_changes.items()}
            # The engine names a local pack "name|stack|folder".
            self.packs = [pack.partition("|")[0] for pack in event.summary_event.policy_packs]

    def _begin(self, step: StepEventMetadata) -> None:
        before = self.changes.get(step.urn)
        # A replacement is three steps of one resource; the word that says most stays.
        op = "replace" if step.op.value in REPLACING or (before and before.op in REPLACING) else step.op.value
        because = tuple(step.keys or step.diffs or ()) or (before.because if before else ())
        state = step.new or step.old
        parent = state.parent if state else ""
        # Of a replacement the old one counts: it is what goes.
        id_ = (step.old.id if step.old else "") or (before.id if before else "")
        self.changes[step.urn] = Change(step.urn, op, time.monotonic(), because=because, parent=parent, id=id_)

    def _finish(self, step: StepEventMetadata, failed: bool = False) -> None:
        if step.urn not in self.changes:
            self._begin(step)
        change = self.changes[step.urn]
        change.ended = time.monotonic()
        change.failed = change.failed or failed

    def _diagnose(self, event: DiagnosticEvent) -> None:
        message = COLOUR.sub("", event.message).strip()
        if message and not event.ephemeral and event.severity != "debug" and not EXPECTED.search(message):
            self.diagnostics.append(Diagnostic(event.severity, event.urn or "", message))

    def _judge(self, event: PolicyEvent) -> None:
        violation = Violation(
            event.policy_name,
            event.policy_pack_name,
            event.enforcement_level,
            event.resource_urn or "",
            COLOUR.sub("", event.message).strip(),
        )
        if violation not in self.violations:
            self.violations.append(violation)

    @property
    def changed(self) -> list[Change]:
        """Resources that the run changes, in the order it came to them."""
        return [change for change in list(self.changes.values()) if change.op not in UNCHANGED]

    @property
    def tally(self) -> dict[str, int]:
        """Resources by operation, unchanged ones included."""
        return self.counts or dict(Counter(change.op for change in list(self.changes.values())))

    @property
    def blocking(self) -> list[Violation]:
        return [violation for violation in self.violations if violation.blocking]

    @property
    def at_stake(self) -> list[Change]:
        """Resources that hold something and would be replaced or deleted."""
        return [change for change in self.changed if change.at_stake]

    def line(self) -> str:
        """How far the run is, and what it has been busy with for longest."""
        changes = list(self.changes.values())
        done = sum(change.ended is not None for change in changes)
        total = max(self.expected or 0, len(changes))
        if not changes:
            return "the engine starts the program and the providers"
        busy = [c for c in changes if c.ended is None and c.type.startswith(("aws:", "kubernetes:"))]
        said = f"{done} of {total} resources" if self.expected else f"{done} resources"
        if busy:
            longest = min(busy, key=lambda change: change.started)
            said += f", longest: {longest.name} ({short_type(longest.type)}) {time.monotonic() - longest.started:.0f} s"
        return said


def type_of(urn: str) -> str:
    """The resource type in a URN: `aws:s3/bucket:Bucket`."""
    return urn.split("::")[2].rpartition("$")[2] if urn.count("::") >= 3 else ""


def name_of(urn: str) -> str:
    """The resource's name in a URN."""
    return "::".join(urn.split("::")[3:])


def short_type(token: str) -> str:
    """A type as a person says it: `s3 Bucket`."""
    package, _, name = token.rpartition(":")
    return f"{package.partition(':')[2].partition('/')[0]} {name}".strip()
