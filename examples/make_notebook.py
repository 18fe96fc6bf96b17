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
    ("markdown", "Learning curves as a HoloViews object; solid lines train, dashed lines validate:"),
    ("code", 'exp.plot("accuracy")'),
    ("markdown", "Every weight array at every captured epoch, by the names of the live model:"),
    ("code", "run = exp.runs[0]\nrun.arrays()[['layer_name', 'tensor', 'dtype', 'shape']]"),
    ("code", 'kernels = run.weights("hidden")\nkernels.shape, kernels.dtype'),
    ("markdown", "How far that layer has moved from its first capture, epoch by epoch:"),
    (
        "code",
        "import numpy as np\n\n"
        "distance = np.linalg.norm((kernels - kernels[0]).reshape(len(kernels), -1), axis=1)\n"
        'hv.Curve((run.weight_epochs("hidden"), distance), "epoch", "distance").opts(width=600)',
    ),
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
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    cells = [make[kind](text) for kind, text in CELLS]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def run(notebook: nbformat.NotebookNode) -> None:
    """Execute every cell in the examples' folder. Raises: CellExecutionError: One fails."""
    ExecutePreprocessor(timeout=600).preprocess(notebook, {"metadata": {"path": str(HERE)}})


def keep_pictures(notebook: nbformat.NotebookNode) -> None:
    """Replace what only a running script could show by a picture of it, and drop the scripts themselves."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_still(output) for output in cell.outputs if _can_be_read(output, cell.source)]
            cell.metadata.pop("execution", None)


def _can_be_read(output: nbformat.NotebookNode, source: str) -> bool:
    """Not so: the loaders of plotting libraries, and what needs a live kernel."""
    kinds = set(output.get("data", {}))
    live = {kind for kind in kinds if "widget" in kind or "holoviews" in kind or "javascript" in kind}
    return (
        output.get("name") != "stderr"
        and not live
        and "hv.extension" not in source
        and bool(output.get("data"))
    )


def _still(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    page = output.get("data", {}).get("text/html", "")
    if "<script" not in page:
        return output
    data = {"image/png": _photograph(page), "text/plain": output.data.get("text/plain", "")}
    return nbformat.v4.new_output("display_data", data=data)


def _photograph(plot: str) -> str:
    """The plot as PNG, base64, drawn by a browser with the scripts of the installed Bokeh and Panel."""
    from bokeh.resources import INLINE

    html = f"<html><head>{INLINE.render()}</head><body style='margin:8px'>{plot}</body></html>"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "plot.html"
        file.write_text(html, encoding="utf-8")
        binary = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=binary, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 900, "height": 420})
        page.goto(file.as_uri())
        page.wait_for_timeout(2000)
        picture = page.screenshot(clip={"x": 0, "y": 0, "width": 900, "height": 420})
        browser.close()
    return base64.b64encode(picture).decode()


if __name__ == "__main__":
    made = new_notebook()
    run(made)
    keep_pictures(made)
    nbformat.write(made, NOTEBOOK)
