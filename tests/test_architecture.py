"""The shape of the code: import directions, sizes, names; run like any other test."""

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parent.parent
APPS = ("utjfc", "payments", "registrations", "integrations")
# Ratchets: lower them when the code allows, never raise them.
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
# Tables of values rather than logic may be longer.
LONG_TABLES = {"utjfc/settings.py": 450}
DRAWERS = {"utils", "helpers", "common", "core", "services", "misc"}


def _modules() -> Iterator[Path]:
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in file.parts:
                yield file


def _length(file: Path) -> int:
    return len(file.read_text().splitlines())


def _functions(file: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_imports_go_in_one_direction_and_only_integrations_knows_a_vendors_client():
    command = [str(ROOT / ".venv/bin/lint-imports"), "--no-cache"]
    paths = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=paths)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_no_module_is_too_long():
    long = {str(file.relative_to(ROOT)): _length(file) for file in _modules()}
    limit = {name: LONG_TABLES.get(name, LONGEST_MODULE) for name in long}
    assert {name: lines for name, lines in long.items() if lines > limit[name]} == {}


def test_no_function_is_too_long():
    long = {
        f"{file.relative_to(ROOT)}:{name}": lines
        for file in _modules()
        for name, lines in _functions(file)
        if lines > LONGEST_FUNCTION
    }
    assert long == {}


def test_every_module_says_what_it_is_for():
    silent = [
        str(file.relative_to(ROOT))
        for file in _modules()
        if file.read_text().strip() and not ast.get_docstring(ast.parse(file.read_text()))
    ]
    assert silent == []


def test_no_module_is_a_drawer():
    assert [str(file) for file in _modules() if file.stem in DRAWERS] == []


def test_every_template_that_code_names_exists_and_can_be_read():
    named = re.compile(r'"((?:admin|chat|email|pages|payments|registrations|sms)/[\w/]+\.\w+)"')
    found = {name for file in _modules() for name in named.findall(file.read_text())}
    for name in sorted(found):
        get_template(name)


def test_every_template_of_ours_can_be_parsed():
    for file in sorted((ROOT / "templates").rglob("*.*")):
        get_template(str(file.relative_to(ROOT / "templates")))


def test_every_setting_is_explained_in_the_example():
    settings = (ROOT / "utjfc" / "settings.py").read_text()
    read = re.compile(
        r'\benv(?:\.\w+)?\(\s*"([A-Z_0-9]+)"|_(?:service|credential)\(\s*"([A-Z_0-9]+)"'
    )
    old = re.compile(r'old="([A-Z_0-9]+)"')
    names = {first or second for first, second in read.findall(settings)} | set(
        old.findall(settings)
    )
    explained = (ROOT / ".env.example").read_text()
    assert len(names) > 40
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", explained)) == []


def test_the_example_explains_nothing_that_does_not_exist():
    settings = (ROOT / "utjfc" / "settings.py").read_text()
    offered = re.findall(r"^#?([A-Z_0-9]+)=", (ROOT / ".env.example").read_text(), re.M)
    assert [name for name in offered if f'"{name}"' not in settings] == []


@pytest.mark.parametrize("model", apps.get_models(), ids=lambda model: model._meta.label)
def test_no_model_of_ours_puts_a_person_into_its_name(model):
    """What `__str__` returns reaches logs (issue 2): it may not read a name, phone or e-mail."""
    if model._meta.app_label not in APPS or "__str__" not in vars(model):
        return
    personal = {"first_name", "last_name", "full_name", "phone", "email", "dob", "to"}
    assert personal.isdisjoint(model.__str__.__code__.co_names)
