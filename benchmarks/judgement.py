"""Declared resources judged by every control, as a program of its own: what is timed against another scanner.

    .venv/bin/python -m benchmarks.judgement FILE

Reads what `benchmarks.declared` kept. Ends with exit code 1 where a control would stop the deployment.
"""

import datetime
import sys
from pathlib import Path

from benchmarks.declared import kept
from policies.rule import Stack, config, judge, waivers


def main() -> int:
    stack, today = Stack(kept(Path(sys.argv[1]))), datetime.datetime.now(datetime.UTC).date()
    verdict = judge(stack, config(stack.environment), waivers(), today=today)
    print(f"{len(verdict.findings)} judgements")
    for one in verdict.blocking:
        print(f"{one.urn}: {one}")
    return int(bool(verdict.blocking))


if __name__ == "__main__":
    raise SystemExit(main())
