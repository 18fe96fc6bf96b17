"""Run the example notebook from its first cell to its last and keep what it shows.

    python examples/make_notebook.py

Plots are kept as pictures beside their data, so that the notebook can be read where no script runs. Needs Chromium
(`CHROMIUM` names another binary than the one on PATH).
"""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
from pathlib import Path

import nbformat
from nbconvert.preprocessors import ExecutePreprocessor
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
NOTEBOOK = HERE / "notebook.ipynb"

CELLS: tuple[tuple[str, str], ...] = (
    (
        "markdown",
        "# NNTracker from a notebook\n\n"
        "Submit a grid, watch it train, and have everything that was recorded as frames and arrays. If no platform "
        "runs, one is started in the background; `nntracker down` ends it.",
    ),
    ("code", "import holoviews as hv\nimport nntracker_ray as nn\n\nhv.extension('bokeh', logo=False)"),
    ("markdown", "Two optimizers x two learning rates x two folds on scikit-learn's digits:"),
    (
        "code",
        'exp = nn.submit("digits/experiment.json")\nexp.wait()\n[(run.name, str(run.state)) for run in exp.runs]',
    ),
    ("markdown", "Mean and standard deviation over the folds, per configuration:"),
    (
        "code",
        'summary = exp.summary()\nsummary[summary.metric.isin(["val_accuracy", "test_accuracy"])]',
    ),
    ("markdown", "Every value of every run, in long form:"),
    ("code", 'exp.metrics("loss", "val_loss").head()'),
    (
        "markdown",
        "Learning curves as a HoloViews object; solid lines train, dashed lines validate, single points are the test:",
    ),
    ("plot", 'exp.plot("accuracy")'),
    ("markdown", "Every weight array at every captured epoch, by the names of the live model:"),
    ("code", "run = exp.runs[0]\nrun.arrays()[['layer_name', 'tensor', 'dtype', 'shape']]"),
    ("code", 'kernels = run.weights("hidden")\nkernels.shape, kernels.dtype'),
    ("markdown", "How far that layer has moved from its first capture, epoch by epoch:"),
    (
        "plot",
        "import numpy as np\n\n"
        "distance = np.linalg.norm((kernels - kernels[0]).reshape(len(kernels), -1), axis=1)\n"
        'hv.Curve((run.weight_epochs("hidden"), distance), "epoch", "distance").opts(width=600)',
    ),
    (
        "markdown",
        "What was looked at inside the network while it trained, by the names it is recorded under:",
    ),
    ("code", "run.observed()[['metric', 'layer', 'tensor', 'kind', 'points']].head(8)"),
    ("markdown", "How large the gradients are that reach each layer:"),
    ("plot", 'run.plot_inside("weight_gradients/norm")'),
    ("markdown", "How the weights of a layer spread from epoch to epoch:"),
    ("plot", 'run.plot_inside(kind="histogram", layer="hidden")'),
    ("markdown", "What is true of the run as a whole, and a question in SQL:"),
    ("code", 'run.facts()["effective_learning_rate"], run.facts()["dataset_sizes"]'),
    (
        "code",
        'nn.sql("""\n'
        "    SELECT r.name, max(m.value) AS best_val_accuracy\n"
        "      FROM metrics m JOIN runs r USING (run_no)\n"
        "     WHERE m.metric = 'val_accuracy'\n"
        '     GROUP BY r.name ORDER BY best_val_accuracy DESC\n""")',
    ),
)


def new_notebook() -> nbformat.NotebookNode:
    """The notebook with nothing run yet."""
    cells = []
    for number, (kind, text) in enumerate(CELLS):
        make = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
        cells.append(make(text, id=f"cell-{number}"))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def run(notebook: nbformat.NotebookNode, pictures: Path) -> None:
    """Execute every cell in the examples' folder; plots are saved as pages too. Raises: CellExecutionError."""
    sources = [cell.source for cell in notebook.cells]
    for number, cell in enumerate(notebook.cells):
        if CELLS[number][0] == "plot":
            cell.source = _saving(cell.source, pictures / f"{number}.html")
    ExecutePreprocessor(timeout=600).preprocess(notebook, {"metadata": {"path": str(HERE)}})
    for cell, source in zip(notebook.cells, sources, strict=True):
        cell.source = source


def _saving(source: str, page: Path) -> str:
    *before, last = source.split("\n")
    return "\n".join(
        [*before, f"shown = {last}", f"hv.save(shown, {str(page)!r}, resources='inline')", "shown"]
    )


def keep_what_can_be_read(notebook: nbformat.NotebookNode, pictures: Path) -> None:
    """Put a picture in the place of what only a running script could show; drop loaders and warnings."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        cell.outputs = [output for output in cell.outputs if _can_be_read(output, cell.source)]
        if CELLS[number][0] == "plot":
            picture = {"image/png": _photograph(pictures / f"{number}.html")}
            cell.outputs = [nbformat.v4.new_output("display_data", data=picture)]


def _can_be_read(output: nbformat.NotebookNode, source: str) -> bool:
    kinds = set(output.get("data", {}))
    live = any(word in kind for kind in kinds for word in ("widget", "holoviews", "javascript"))
    return bool(kinds) and not live and "hv.extension" not in source


def _photograph(page: Path) -> str:
    """The plot as PNG, base64, drawn by a browser."""
    with sync_playwright() as playwright:
        binary = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=binary, args=["--no-sandbox", "--disable-gpu"])
        view = browser.new_page(viewport={"width": 900, "height": 330})
        view.goto(page.as_uri())
        view.wait_for_timeout(2000)
        picture = view.screenshot(full_page=True)
        browser.close()
    return base64.b64encode(picture).decode()


if __name__ == "__main__":
    made = new_notebook()
    with tempfile.TemporaryDirectory() as folder:
        run(made, Path(folder))
        keep_what_can_be_read(made, Path(folder))
    nbformat.write(made, NOTEBOOK)
