"""The example notebook runs from its first cell to its last on a new data folder."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from nntracker_ray.home import Home
from nntracker_ray.storage.server import EmbeddedServer

EXAMPLES = Path(__file__).parents[2] / "examples"


def _make_notebook():
    spec = importlib.util.spec_from_file_location("make_notebook", EXAMPLES / "make_notebook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_notebook_is_the_one_that_is_tested():
    """An executed notebook that nobody can make again would be a picture of the past."""
    committed = nbformat.read(EXAMPLES / "notebook.ipynb", as_version=4)

    assert [cell.source for cell in committed.cells] == [text for _, text in _make_notebook().CELLS]
    assert all(
        cell.outputs
        for cell in committed.cells
        if cell.cell_type == "code" and "hv.extension" not in cell.source
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_cell_runs(tmp_path, monkeypatch):
    """From nothing: the first cell starts a platform in the background, the last asks in SQL."""
    home = Home(tmp_path / "home")
    monkeypatch.setenv("NNTRACKER_HOME", str(home.root))
    make = _make_notebook()
    notebook = make.new_notebook()

    try:
        make.run(notebook, tmp_path)
    finally:
        subprocess.run([sys.executable, "-m", "apps.cli", "down"], check=False, capture_output=True)
        EmbeddedServer(home).destroy()

    answer = notebook.cells[-1].outputs[-1].data["text/plain"]
    assert answer.count("Digits (O") == 8
