"""The rules of CONTRIBUTING.md that a machine can check."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PULUMI = {"pulumi", "pulumi_aws", "pulumi_kubernetes"}
MAY_IMPORT = {
    "components": {"components", *PULUMI},
    "policies": {"policies", "pulumi", "pulumi_policy", "yaml", "google"},
    "stacks": {"stacks", "components", *PULUMI, "pydantic", "pydantic_core", "yaml"},
    "localcloud": {"localcloud", "moto", "boto3", "botocore", "werkzeug", "flask", "cryptography", "yaml"},
    "engine": {"engine", "pulumi", "pulumi_aws"},
}
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if (ROOT / name).is_file()
]
FILES = [path for path in TRACKED if path.suffix == ".py"]
COMPONENTS = [
    (path, node)
    for path in FILES
    if path.parent == ROOT / "components"
    for node in ast.parse(path.read_text()).body
    if isinstance(node, ast.ClassDef) and "pulumi.ComponentResource" in map(ast.unparse, node.bases)
]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [p for p in FILES if p.relative_to(ROOT).parts[0] in MAY_IMPORT], ids=name)
def test_a_file_imports_only_what_its_part_may(path):
    part = path.relative_to(ROOT).parts[0]
    names = {
        (alias.name if isinstance(node, ast.Import) else node.module or part).split(".")[0]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    beside = {p.stem for p in path.parent.iterdir()} if path.parent.parent == ROOT / "policies" else set()
    assert names - MAY_IMPORT[part] - beside - sys.stdlib_module_names == set()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_fits_in_one_reading(path):
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_file_is_a_drawer_for_everything(path):
    assert not {"utils", "util", "helpers", "helper", "common", "lib", "misc"} & {
        path.stem,
        *path.relative_to(ROOT).parts,
    }


@pytest.mark.parametrize("path", [p for p in FILES if p.name != "__init__.py" or p.read_text()], ids=name)
def test_a_module_says_what_it_is(path):
    if path.name.startswith("test_") or path.read_text() == "":
        return
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize(("path", "cls"), COMPONENTS, ids=lambda v: getattr(v, "name", None))
def test_a_component_keeps_the_shape(path, cls):
    init = next(n for n in cls.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
    assert ast.unparse(init.body[0]) == (f"super().__init__('seedbed:{path.stem}:{cls.name}', name, vars(args), opts)")
    assert ast.unparse(init.body[-1]).startswith("self.register_outputs(")
    assert [a.arg for a in init.args.args] == ["self", "name", "args", "opts"]
    assert ast.unparse(init.args.args[2].annotation or ast.Constant("")) == f"{cls.name}Args"
    assert ast.get_docstring(cls)
    assert len(ast.unparse(init).splitlines()) <= 90


def test_nothing_beside_a_program_shadows_the_standard_library():
    for program in FILES:
        if program.name == "__main__.py":
            assert not {p.stem for p in program.parent.iterdir()} & (sys.stdlib_module_names - {"__main__"})


def test_the_program_never_asks_whether_it_is_local():
    for path in FILES:
        if path.relative_to(ROOT).parts[0] in {"components", "stacks"}:
            compared = [
                c.value
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Compare)
                for c in ast.walk(node)
                if isinstance(c, ast.Constant)
            ]
            assert "local" not in compared, name(path)


def test_importing_components_loads_no_service_of_a_provider():
    code = (
        "import sys, pkgutil, importlib, components\n"
        "for m in pkgutil.iter_modules(components.__path__): importlib.import_module('components.' + m.name)\n"
        "print([m for m in sys.modules if m.startswith(('pulumi_aws.', 'pulumi_kubernetes.')) "
        "and m.count('.') > 1 and m.split('.')[1] not in {'config'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_committed_file_names_a_package_registry():
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "proxy.golang" + ".org", "registry.npmjs" + ".org"]
    for path in TRACKED:
        text = path.read_bytes()
        assert not [h for h in hosts if h.encode() in text], name(path)


def test_no_committed_file_names_a_folder_of_one_machine():
    folders = ["/work" + "/main", "/ro" + "ot/", "/ho" + "me/"]
    for path in TRACKED:
        text = path.read_bytes()
        assert not [f for f in folders if f.encode() in text], name(path)


def test_components_read_no_configuration_environment_or_file():
    asked = {"environ", "getenv", "open", "read_text", "Config", "get_stack", "get_project"}
    for path in FILES:
        if path.parent == ROOT / "components":
            tree = ast.walk(ast.parse(path.read_text()))
            names = {
                n.attr if isinstance(n, ast.Attribute) else n.id
                for n in tree
                if isinstance(n, ast.Attribute | ast.Name)
            }
            assert not names & asked, name(path)


def test_the_program_is_read_in_one_look():
    assert len((ROOT / "stacks" / "environment" / "__main__.py").read_text().splitlines()) <= 40
