"""Plug-ins that are really installed: a module, and the .dist-info folder by which Python finds it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nntracker_ray.introspection.catalog import Catalog, forget_metrics, known_metrics

Install = Callable[..., Catalog]

WIDTH = '''
from nntracker_ray.introspection import Subscriber

class Width(Subscriber):
    """Greatest value less the least.

    Formula: max x_i - min x_i.
    """

    any_tensor = True
    allowed = ("weights", "activations")
    default_epochs = 2

    def __init__(self, *, scale: float = 1.0, of: tuple[int, ...] = ()):
        if scale <= 0:
            raise ValueError(f"scale is {scale}; it must be more than 0")
        self.scale, self.of = scale, of

    def measure(self, message):
        return {"width": self.scale * float(message.value.max() - message.value.min())}
'''


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution with one module; gives the catalogue of a process that began afterwards."""

    def installed(source: str, *, name: str = "widths", module: str = "", **points: str) -> Catalog:
        folder = tmp_path / name
        info = folder / f"{name}-1.2.dist-info"
        info.mkdir(parents=True)
        # No two tests may share a module: Python keeps the first it has loaded.
        module = module or f"{name}_{tmp_path.name}"
        (folder / f"{module}.py").write_text(textwrap.dedent(source))
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        lines = [f"{key} = {module}:{value}" for key, value in points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[nntracker_ray.subscribers]", *lines]))
        monkeypatch.syspath_prepend(folder)
        forget_metrics()
        return known_metrics()

    yield installed
    monkeypatch.undo()
    forget_metrics()
