"""Nothing in a model description can run, be fetched or be read; every refusal says what and why."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nntracker_ray.errors import ModelError
from nntracker_ray.models import parse_model
from tests.unit.models.hostile_models import LAMBDA, attacks
from tests.unit.models.model_parts import dense, stack

ATTACKS = attacks()
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "words"), [attack[1:] for attack in ATTACKS], ids=[attack[0] for attack in ATTACKS]
)
def test_a_hostile_model_is_refused_by_name(text, words):
    """The person who uploaded it, perhaps unknowingly, must see which layer it was."""
    with pytest.raises(ModelError) as refusal:
        parse_model(text)

    message = str(refusal.value)
    assert all(word in message for word in words), message
    assert len(message) < 5_000


def test_the_corpus_holds_at_least_a_hundred_attacks():
    """A corpus that shrinks unnoticed protects nobody."""
    assert len(ATTACKS) >= 100


def test_refusing_opens_no_file_and_imports_nothing():
    """Reading an untrusted text may touch nothing but the text: watched by an audit hook in a fresh process."""
    code = """
import sys
from nntracker_ray.errors import ModelError
from nntracker_ray.models.schema import parse_model
from tests.unit.models.hostile_models import attacks
from tests.unit.models.model_parts import stack, dense
corpus = attacks()
parse_model(stack(dense("warm")))  # lets Python import what it imports lazily
try:
    parse_model("{")
except ModelError:
    pass
events, watching = [], []
def hook(event, arguments):
    if watching and event not in ("object.__getattr__", "sys._getframe", "builtins.id"):
        events.append((event, str(arguments)[:80]))
sys.addaudithook(hook)
for name, text, _ in corpus:
    watching.append(1)
    try:
        parse_model(text)
    except ModelError:
        pass
    watching.clear()
print(events, [name for name in ("keras", "tensorflow") if name in sys.modules])
"""
    seen = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout

    assert seen.strip() == "[] []"


def test_refusing_costs_neither_time_nor_memory():
    """A small file must not be able to occupy the machine: the whole corpus within 20 s of CPU and 300 MB."""
    code = """
import re, resource
from pathlib import Path
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from nntracker_ray.errors import ModelError
from nntracker_ray.models.schema import parse_model
from tests.unit.models.hostile_models import attacks
for _, text, _ in attacks():
    try:
        parse_model(text)
    except ModelError:
        pass
# Not ru_maxrss: a child inherits its parent's, and a test session's is large.
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""
    peak = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout

    assert int(peak) < 300


def test_what_keras_writes_besides_the_configuration_does_not_survive():
    """build_config and compile_config are code paths of Keras' loader; ours reads neither."""
    model = json.loads(stack({**dense(), "build_config": {"input_shape": LAMBDA}}))
    model["compile_config"] = {"loss": LAMBDA, "optimizer": {"module": "os", "class_name": "system"}}

    canonical = parse_model(json.dumps(model)).json

    assert parse_model(stack(dense())).json == canonical
    assert "__lambda__" not in canonical
    assert "os" not in canonical.split('"')


def test_all_problems_are_said_at_once():
    """Fixing one error only to meet the next wastes an afternoon."""
    text = stack(dense("first", units=-1), dense("second", activation="rleu"), dense("third", unitz=3))

    with pytest.raises(ModelError) as refusal:
        parse_model(text)

    assert all(
        word in str(refusal.value)
        for word in ("3 problems", "first", "second", "Did you mean 'relu'", "third", "units")
    )
