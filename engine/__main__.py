"""Builds the engine, or says what is there: python -m engine [build | find | check | clean]."""

import shutil
import sys

from engine import EngineError, ensure, find, schema
from engine.programs import AWS, KUBERNETES, PROGRAMS, SETS, cache, together

USAGE = """python -m engine          use the pulumi on PATH, and build the missing programs
python -m engine build    the same
python -m engine find     say which engine is there; exit 1 where none is
python -m engine check    compare the built providers with the installed pulumi_aws and pulumi_kubernetes
python -m engine clean    remove built programs that this checkout does not use"""


def run(word: str) -> int:
    """Do what a word of the command line asks; give the exit code."""
    if word in {"build", "find"}:
        engine = ensure() if word == "build" else find()
        if not engine:
            print("no engine: none on PATH and none built; build it with: python -m engine")
            return 1
        print(f"pulumi {engine.version}, {engine.origin}")
        for name, there in (("helm", engine.helm), ("charts", engine.charts), ("cluster", engine.cluster)):
            print(f"  {name:8} {there or 'not built; build it with: python -m engine'}")
    elif word == "check":
        if not (AWS.is_built() and KUBERNETES.is_built()):
            print(f"no built providers in {cache()}; build them with: SEEDBED_ENGINE=build python -m engine")
            return 1
        types = schema.check(AWS.finished() / "schema.json")
        print(f"{types} types agree with pulumi_aws, inputs and outputs, nested ones included")
        release = schema.check_kubernetes(KUBERNETES.finished() / KUBERNETES.executables[0])
        print(f"the Kubernetes provider is {release}, as pulumi_kubernetes is")
    elif word == "clean":
        used = {program.finished() for program in PROGRAMS} | {together(programs) for programs in SETS}
        for folder in cache().glob("*-*"):
            if folder.is_dir() and folder not in used and not folder.name.startswith(("go-", ".")):
                print(f"removing {folder}")
                shutil.rmtree(folder)
    else:
        print(f'"{word}" is no command.\n{USAGE}')
        return 2
    return 0


def main() -> int:
    """Run one command; an engine that cannot be had is exit code 3."""
    words = sys.argv[1:]
    if words and words[0] in {"-h", "--help", "help"}:
        print(USAGE)
        return 0
    try:
        return run(words[0] if words else "build")
    except EngineError as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("\nstopped; what was compiled is kept, the next run goes on from there", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
