"""The model store keeps each model once, under the digest of its canonical JSON."""

import pytest

from nntracker_ray.errors import ModelError, NotFoundError
from nntracker_ray.home import Home
from nntracker_ray.models import ModelStore, parse_model
from tests.unit.models.model_parts import dense, stack


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_a_stored_model_comes_back_as_it_was(home):
    """The trial that builds it may run on another day."""
    description = parse_model(stack(dense("out")))

    ModelStore(home).add(description)
    ModelStore(home).add(description)

    assert ModelStore(home).get(description.digest) == description.json
    assert [path.name for path in home.models.iterdir()] == [f"{description.digest}.json"]


def test_equal_models_have_one_digest_however_they_are_written():
    """The same model uploaded twice is one model."""
    spelled_out = dense(
        "out",
        activation="linear",
        use_bias=True,
        kernel_initializer={"class_name": "GlorotUniform", "config": {}},
    )

    assert parse_model(stack(dense("out"))).digest == parse_model(stack(spelled_out)).digest
    assert parse_model(stack(dense("out"))).digest != parse_model(stack(dense("out", 4))).digest


@pytest.mark.parametrize("digest", ["0" * 64, "", "../../etc/passwd", "A" * 64])
def test_an_unknown_digest_is_not_found(home, digest):
    """A digest comes from outside and must never become a path."""
    with pytest.raises(NotFoundError):
        ModelStore(home).get(digest)


def test_a_damaged_file_is_not_handed_out(home):
    """Training another model than was submitted would falsify the record."""
    description = parse_model(stack(dense("out")))
    ModelStore(home).add(description)
    (home.models / f"{description.digest}.json").write_text(description.json.replace("3", "4"))

    with pytest.raises(ModelError, match="damaged"):
        ModelStore(home).get(description.digest)
