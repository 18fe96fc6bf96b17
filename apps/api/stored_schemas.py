"""What the REST interface answers about stored datasets and models, and about experiments that are planned."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from apps.api.schemas import Number, json_number
from nntracker_ray.errors import Problem
from nntracker_ray.previewing import Preview
from nntracker_ray.records import JsonValue
from nntracker_ray.storage.dataset_rows import DatasetRow
from nntracker_ray.storage.model_rows import ModelRow


class ColumnOut(BaseModel):
    """One column of a table, or one array of an NPZ."""

    name: str
    kind: str = Field(description="Int, Float, Label (text) or Binary")
    dtype: str
    shape: tuple[int, ...] = Field(description="rows first")
    unique: int | None = Field(description="distinct values; null where they were not counted")
    missing: int
    infinite: int
    minimum: Number | None
    maximum: Number | None
    preview: tuple[Number | bool | str | None, ...] = Field(description="the first few cells")

    @classmethod
    def of(cls, fact: dict[str, JsonValue]) -> ColumnOut:
        """From what the storage has."""
        numbers = {key: _number(fact[key]) for key in ("minimum", "maximum")}
        return cls(**{**fact, **numbers, "preview": tuple(map(_number, fact["preview"]))})


class DatasetOut(BaseModel):
    """A stored dataset; experiments name it by `name`, `owner/name` or `sha256:digest`."""

    dataset_id: UUID
    name: str
    owner: str
    digest: str = Field(description="SHA-256 of the file, hex")
    is_public: bool = Field(description="whether every account may use it")
    format: str = Field(description="as found from the content: npz, csv, ...")
    bytes: int
    arrays: bool = Field(description="whether it holds named arrays; else it is a table")
    rows: int
    column_count: int
    columns: list[ColumnOut] = Field(description="the first 500; in lists the first 20")
    notes: list[str] = Field(description="what was decided while reading it")
    created_at: datetime

    @classmethod
    def of(cls, row: DatasetRow, *, most_columns: int | None = None) -> DatasetOut:
        """From the record that the storage gives."""
        columns = row.facts["columns"][:most_columns]
        facts = {**row.facts, "columns": [ColumnOut.of(fact) for fact in columns]}
        return cls(**_fields(row), format=row.kind, **facts)


class DatasetList(BaseModel):
    """One page of datasets."""

    total: int = Field(description="datasets that match, not only those on this page")
    datasets: list[DatasetOut]


class LayerOut(BaseModel):
    """One layer of a model."""

    name: str
    class_name: str
    output_shape: tuple[int | None, ...] = Field(description="without the batch; null is an open length")
    parameters: int


class ModelOut(BaseModel):
    """A stored model; experiments name it by `name`, `owner/name` or `sha256:digest`."""

    model_id: UUID
    name: str
    owner: str
    digest: str = Field(description="SHA-256 of the canonical JSON, hex")
    is_public: bool = Field(description="whether every account may use it")
    input_shape: tuple[int | None, ...]
    output_shape: tuple[int | None, ...]
    parameters: int
    layers: list[LayerOut]
    created_at: datetime

    @classmethod
    def of(cls, row: ModelRow) -> ModelOut:
        """From the record that the storage gives."""
        return cls(**_fields(row), **row.facts)


class ModelList(BaseModel):
    """One page of models."""

    total: int = Field(description="models that match, not only those on this page")
    models: list[ModelOut]


class VisibilityIn(BaseModel, extra="forbid"):
    """Who may use it."""

    is_public: bool = Field(description="true: every account; false: its owner alone")


class ProblemOut(BaseModel):
    """One thing that is wrong, and where."""

    path: str = Field(description='"optimizers[0].conf.momentum"; "" for the file as a whole')
    message: str

    @classmethod
    def of(cls, problem: Problem) -> ProblemOut:
        """From the error's own."""
        return cls(path=problem.path, message=problem.message)


class PreviewOut(BaseModel):
    """What would be made of an experiment."""

    can_submit: bool
    problems: list[ProblemOut]
    data_checked: bool = Field(description="whether the data were read too; if not, submitting may find more")
    names: list[str] = Field(description="of the runs, the first thousand")
    runs: int = 0
    epochs: int = Field(0, description="of all runs together")
    steps: int | None = Field(None, description="optimizer updates of all runs together; null: not known yet")
    seconds: float | None = Field(None, description="one after another, by the pace of like runs; null: none")
    parameters: int | None = None
    rows: int | None = None
    looking: float | None = Field(
        0.0, description="estimated: seconds that looking inside takes for each of training; null: not known"
    )

    @classmethod
    def of(cls, found: Preview) -> PreviewOut:
        """From what the library has worked out."""
        cost = found.cost
        figures = {} if cost is None else {name: getattr(cost, name) for name in _FIGURES}
        return cls(
            can_submit=not found.problems,
            problems=[ProblemOut.of(problem) for problem in found.problems],
            data_checked=found.was_read,
            names=list(found.names),
            **figures,
        )


_FIGURES = ("runs", "epochs", "steps", "seconds", "parameters", "rows", "looking")


def _fields(row: DatasetRow | ModelRow) -> dict[str, Any]:
    left_out = {"facts", "kind", "owner_id"}
    return {name: getattr(row, name) for name in row.__dataclass_fields__ if name not in left_out}


def _number(value: JsonValue) -> JsonValue:
    return json_number(value) if isinstance(value, float) else value
