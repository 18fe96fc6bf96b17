"""The parts of the form for model and data: choose what is stored, upload, or name a URL; and what is in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.trees import Tree
from apps.dashboard.components.upload import upload_row
from apps.dashboard.pages.new_fields import Form
from nntracker_ray.datasets.fetch import is_url
from nntracker_ray.records import JsonValue
from nntracker_ray.storage.dataset_rows import DatasetRow
from nntracker_ray.storage.model_rows import ModelRow

TIMES = " \u00d7 "  # between the sizes of a shape
MOST_COLUMNS = 40  # shown
MOST_LAYERS = 60
DATA_FILES = ".npz,.csv,.arff,.json,.pickle,.pkl,.zip"


def model_part(form: Form, models: Sequence[ModelRow], row: ModelRow | None) -> Tree:
    """Which network is trained."""
    given = form.draft.value("model")
    if isinstance(given, dict):
        choice = h(
            "p",
            "The model's JSON stands in the file. ",
            h(
                "button",
                "Choose a stored one",
                type="button",
                data_act="set:model",
                data_value="",
                cls="quiet-link",
            ),
        )
    else:
        choice = form.text(
            "model", "Model", hint="A stored model by name", list="models", placeholder="model"
        )
    wrong = form.wrong.get("model", "") if isinstance(given, dict) else ""
    return h(
        "div",
        choice,
        h("p", wrong, cls="wrong", role="alert") if wrong else None,
        _names("models", [(_called(one), _size_of_model(one)) for one in models]),
        upload_row("Upload Keras JSON", "/api/models", act="uploaded:model", accept=".json"),
        h(
            "details",
            h("summary", "Paste Keras JSON"),
            h(
                "textarea",
                rows=6,
                data_act="paste-model",
                aria_label="Keras JSON of a model",
                placeholder="What model.to_json() gives",
                spellcheck="false",
            ),
        ),
        _layers(row) if row else None,
        data_uploads=True,
        cls="source",
        data_key="model",
    )


def dataset_part(
    form: Form, place: str, label: str, rows: Sequence[DatasetRow], row: DatasetRow | None, *, hint: str = ""
) -> Tree:
    """Which data it learns from."""
    return h(
        "div",
        form.text(place, label, hint=hint, list="datasets", placeholder="stored name or https://…"),
        _names("datasets", [(_called(one), _size(one)) for one in rows])
        if place == "dataset_train"
        else None,
        upload_row("Upload a file", "/api/datasets", act=f"uploaded:{place}", accept=DATA_FILES),
        _facts(row) if row else _not_known(form.draft.value(place)),
        data_uploads=True,
        cls="source",
        data_key=place,
    )


def column_fields(form: Form, part: str, row: DatasetRow | None, label: str) -> Iterable[Tree]:
    """Which array holds features and which labels; nothing for a table, which has a label column."""
    if row is not None and not row.facts["arrays"]:
        return
    if row is None and part != "train" and not form.draft.value(f"{part}_feature_name"):
        return
    names = [str(column["name"]) for column in row.facts["columns"]] if row else []
    for key, what in (("feature", "features"), ("label", "labels")):
        place = f"{part}_{key}_name"
        title = f"{label} {what}"
        if names:
            yield form.choice(
                place, title, [("", "chosen by their names"), *((name, name) for name in names)]
            )
        else:
            yield form.text(place, title, placeholder="array of an NPZ")


def label_column(form: Form, row: DatasetRow | None) -> Tree | None:
    """Which column of a table is to be predicted."""
    if row is not None and row.facts["arrays"]:
        return None
    if row is None:
        return form.text("label_column", "Label column", placeholder="of a table")
    names = [str(column["name"]) for column in row.facts["columns"]]
    options = [("", "choose …"), *((name, name) for name in names)]
    return form.choice("label_column", "Label column", options)


def _names(name: str, options: Iterable[tuple[str, str]]) -> Tree:
    return h("datalist", *(h("option", text, value=key) for key, text in options), id=name)


def _called(row: DatasetRow | ModelRow) -> str:
    return row.name


def _size(row: DatasetRow) -> str:
    return f"{words.plural(int(row.facts['rows']), 'row')}, {row.kind}, of {row.owner}"


def _size_of_model(row: ModelRow) -> str:
    return f"{words.plural(int(row.facts['parameters']), 'parameter')}, of {row.owner}"


def _not_known(source: JsonValue) -> Tree | None:
    if isinstance(source, str) and is_url(source):
        return h("p", "Fetched when the experiment is submitted.", cls="about")
    return None


def _facts(row: DatasetRow) -> Tree:
    columns = row.facts["columns"]
    what = "array" if row.facts["arrays"] else "column"
    count = int(row.facts["column_count"])
    summary = f"{words.plural(int(row.facts['rows']), 'row')}, {words.plural(count, what)}"
    heads = (
        what.capitalize(),
        "Kind",
        "Shape" if row.facts["arrays"] else "Distinct",
        "Range",
        "First values",
    )
    lines = [h("tr", *_column(column, arrays=row.facts["arrays"])) for column in columns[:MOST_COLUMNS]]
    more = count - len(lines)
    return h(
        "details",
        h("summary", summary),
        *(h("p", note, cls="about") for note in row.facts["notes"][:5]),
        h(
            "div",
            h(
                "table",
                h("thead", h("tr", *(h("th", head) for head in heads))),
                h("tbody", *lines),
                cls="numbers",
            ),
            cls="scroll-x",
        ),
        h("p", f"and {more:,} more", cls="about") if more > 0 else None,
        cls="inside",
    )


def _column(column: dict[str, JsonValue], *, arrays: bool) -> Iterable[Tree]:
    yield h("th", str(column["name"]), scope="row")
    missing = f", {column['missing']:,} missing" if column["missing"] else ""
    yield h("td", f"{column['kind']}{missing}")
    yield h("td", TIMES.join(map(str, column["shape"])) if arrays else _or_dash(column["unique"]))
    low, high = column["minimum"], column["maximum"]
    yield h("td", words.NOTHING if low is None else f"{low:g} … {high:g}")
    yield h("td", ", ".join(_cell(value) for value in column["preview"]) or words.NOTHING)


def _cell(value: JsonValue) -> str:
    text = f"{value:g}" if isinstance(value, float) else words.NOTHING if value is None else str(value)
    return text[:24]


def _or_dash(value: JsonValue) -> str:
    return words.NOTHING if value is None else f"{value:,}"


def _layers(row: ModelRow) -> Tree:
    layers = row.facts["layers"]
    lines = [
        h(
            "tr",
            h("th", layer["name"], scope="row"),
            h("td", layer["class_name"]),
            h("td", _shape(layer["output_shape"])),
            h("td", f"{layer['parameters']:,}", cls="num"),
        )
        for layer in layers[:MOST_LAYERS]
    ]
    heads = [h("th", head) for head in ("Layer", "Kind", "Output")]
    table = h(
        "table",
        h("thead", h("tr", *heads, h("th", "Parameters", cls="num"))),
        h("tbody", *lines),
        cls="numbers",
    )
    summary = (
        f"{words.plural(len(layers), 'layer')}, {words.plural(int(row.facts['parameters']), 'parameter')}, "
        f"{_shape(row.facts['input_shape'])} → {_shape(row.facts['output_shape'])}"
    )
    return h("details", h("summary", summary), h("div", table, cls="scroll-x"), cls="inside")


def _shape(shape: Sequence[int | None]) -> str:
    return TIMES.join("?" if size is None else str(size) for size in shape) or "one number"
