"""The rules of the house that a machine can check."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import nntracker_ray

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for package in ("nntracker_ray", "actors", "apps") for path in (ROOT / package).rglob("*.py")
)
HEAVY = ("tensorflow", "keras", "ray", "panel", "pandas", "psycopg", "holoviews", "numpy", "pydantic")


def test_importing_the_package_loads_nothing_heavy():
    """`import nntracker_ray` in a notebook or a shell completion must be instant."""
    code = f"import sys, nntracker_ray; print([m for m in {HEAVY!r} if m in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert loaded.strip() == "[]"


def test_every_public_name_exists():
    """A name in __all__ that cannot be fetched would fail only in a user's hands."""
    assert all(getattr(nntracker_ray, name) is not None for name in nntracker_ray.__all__)


def test_an_unknown_public_name_lists_the_known_ones():
    """A misspelled name should not send anybody to the source."""
    with pytest.raises(AttributeError, match="submit"):
        _ = nntracker_ray.sumbit


def test_planning_on_the_command_line_loads_neither_ray_nor_panel_nor_tensorflow():
    """`nntracker --help` and `nntracker plan` answer at once."""
    code = "import sys, apps.cli; print([m for m in ('ray', 'panel', 'tensorflow', 'pandas') if m in sys.modules])"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout

    assert loaded.strip() == "[]"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_has_grown_two_jobs(path):
    """Over 400 lines a file has two jobs."""
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_statement_for_the_database_is_put_together_from_text(path):
    """User text in SQL is prevented by never formatting a statement: values are bound."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    executed = [
        call.args[0]
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("execute", "executemany", "copy")
        and call.args
    ]

    formatted = [node for node in executed if isinstance(node, ast.JoinedStr | ast.BinOp)]

    assert not formatted, [ast.unparse(node) for node in formatted]
