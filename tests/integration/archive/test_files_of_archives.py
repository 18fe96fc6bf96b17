"""What stands in an archive, for those who open it without NNTracker."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database
from tests.integration.archive.archive_kit import (
    archive,
    arrays,
    ids,
    trained_experiment,
)


class TestTheFiles:
    def test_people_can_read_it_without_us(self, database: Database, home: Home, tmp_path: Path):
        """An archive that only NNTracker opens would keep the data prisoner."""
        owner_id, specs = trained_experiment(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=ids(specs))
        folder = f"runs/{specs[0].run_id}"

        with zipfile.ZipFile(out) as opened:
            table = pq.read_table(io.BytesIO(opened.read(f"{folder}/metrics.parquet"))).to_pandas()
            weights = np.load(io.BytesIO(opened.read(f"{folder}/captures/epoch-000003.npz")))
            looks = np.load(io.BytesIO(opened.read(f"{folder}/metric-arrays/epoch-000003.npz")))
            folds = np.load(io.BytesIO(opened.read(f"experiments/{specs[0].experiment_id}/folds.npz")))
            about = json.loads(opened.read(f"{folder}/run.json"))
            provenance = json.loads(opened.read("provenance.json"))

        assert table[table.metric == "accuracy"]["value"].tolist() == [0.5, 0.51, 0.52, 0.53]
        np.testing.assert_array_equal(weights["dense/kernel"], arrays(3)[0].array)
        assert looks["weights/histogram/dense/kernel/40"].tolist() == [4, 2**60 + 1, 1]
        assert looks["weights/histogram/dense/kernel/40.edges"][0] == -np.inf
        assert folds["held_out_0"].tolist() == [8, 9]
        assert (about["name"], about["state"]) == ("digits <b>(1)</b>", "finished")
        assert provenance["by"] == "ada"
        assert "keras" in provenance["versions"]

    def test_the_report_runs_nothing_and_loads_nothing(self, database: Database, home: Home, tmp_path: Path):
        """It is opened from disk, outside of every protection of the web app, with other people's words in it."""
        owner_id, specs = trained_experiment(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=ids(specs))

        with zipfile.ZipFile(out) as opened:
            page = opened.read("report.html").decode()

        assert "<script" not in page.lower()
        assert "<b>" not in page
        assert "digits &lt;b&gt;(1)&lt;/b&gt;" in page
        assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in page
        assert "default-src 'none'" in page
        assert "<svg" in page
        assert not [word for word in ("http://", "https://", "src=", "url(") if word in page]
