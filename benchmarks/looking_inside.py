"""P3: what looking inside costs a training, against the same one without it; and what TensorBoard's callback costs.

Both sides are the same `Trainer` with one TensorFlow thread, its records and checkpoints going to disk as for P1; one
has looks and the other has none. TensorBoard has histograms of weights alone, at the end of epochs: its sides are bare
`fit()`s with epochs of 100 steps. All trainings of a network take turns, and the median of the rounds' ratios counts.
A second training without looks says how far apart equal sides come out, which is all that such a measurement can tell.
Everything is compiled before the first turn that counts; how long that took stands beside. Budgets are lifted, so that
all that is asked for is paid for. Estimated is the share that is told before a run, and the share that the same
reckoning gives with the step as it was measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from benchmarks.inside_models import cnn, mlp, resnet_20
from benchmarks.inside_trainings import UNMEASURED, Fitted, Subject, Tracked, model_json
from benchmarks.report import Figure
from benchmarks.timing import ratio
from benchmarks.turns import InTurns, take_turns
from nntracker_ray.config.introspection import observed_by
from nntracker_ray.introspection.catalog import EVERY, PRESET_NAMES, known_metrics
from nntracker_ray.introspection.cost import estimated_share, training_of
from nntracker_ray.introspection.topics import Topic
from nntracker_ray.models.schema import parse_model
from nntracker_ray.records import Observed
from nntracker_ray.training.process import configure_process

WITHOUT_GOAL = "preset everything"  # for short runs that are to be understood, whatever it costs
SUBJECTS = (
    Subject("MLP", mlp, (784,), batch_size=128, steps=200, rounds=60, goal=3.0),
    Subject("CNN", cnn, (28, 28, 1), batch_size=64, steps=200, rounds=20, goal=3.0),
    Subject("ResNet-20", resnet_20, (32, 32, 3), 32, steps=100, rounds=5, goal=5.0, left_out=(WITHOUT_GOAL,)),
)
TOPICS = (Topic.WEIGHTS, Topic.BIASES, Topic.WEIGHT_GRADIENTS, Topic.BIAS_GRADIENTS, Topic.ACTIVATIONS)


def measure(subjects: Sequence[Subject] = SUBJECTS) -> list[Figure]:
    """Every figure of this module, in one process."""
    configure_process(1)
    return [figure for subject in subjects for figure in _figures(subject)]


def _ways() -> dict[str, tuple[Observed, ...]]:
    """What is looked at, by name."""
    moments = tuple(_of_all("mean", "variance", "norm"))
    ways = {
        "mean, variance, norm": moments,
        "the same and histograms": (*moments, *_of_all("histogram")),
        **{f"preset {name}": observed_by([name], has_test=False) for name in PRESET_NAMES},
    }
    return {way: tuple(replace(one, budget=1.0) for one in looks) for way, looks in ways.items()}


def _of_all(*metrics: str) -> Iterator[Observed]:
    """Of weights, biases, their gradients and activations; a histogram has 30 bins unless said otherwise."""
    yield from (Observed(metric, topics=tuple(map(str, TOPICS)), every=EVERY) for metric in metrics)


def _figures(subject: Subject) -> list[Figure]:
    data, short = subject.data(subject.steps), subject.data(min(subject.steps, EVERY))
    plain, control = Tracked(subject, data, ()), Tracked(subject, data, ())
    ways = {way: looks for way, looks in _ways().items() if way not in subject.left_out}
    tracked = {way: Tracked(subject, data, looks) for way, looks in ways.items()}
    bare, board = (Fitted(subject, short, with_tensorboard=there) for there in (False, True))
    sides = [plain, control, *tracked.values(), bare, board]
    take_turns(sides, unmeasured=UNMEASURED, rounds=subject.rounds)
    peer = "TensorBoard's callback: histograms of weights alone, each 100 steps"
    return [
        _figure(subject, "no looks, against the same", plain, control),
        *(
            _figure(subject, way, plain, ours, _account(subject, plain, ours))
            for way, ours in tracked.items()
        ),
        _figure(subject, peer, bare, board),
    ]


def _figure(
    subject: Subject, way: str, without: InTurns, looking: InTurns, account: Sequence[str] = ()
) -> Figure:
    wall = [[turn.wall_s for turn in one.turns] for one in (looking, without)]
    processor = [[turn.processor_s for turn in one.turns] for one in (looking, without)]
    with_ms, without_ms = (median(times) / subject.steps * 1e3 for times in wall)
    detail = (
        f"{with_ms:.2f} against {without_ms:.2f} ms a step",
        f"processor time of the whole process {ratio(*processor) - 1.0:+.1%}",
        *account,
    )
    has_goal = isinstance(looking, Tracked) and looking.looks and way != WITHOUT_GOAL
    goal = subject.goal if has_goal else None
    slowed = ratio(*wall) - 1.0
    return Figure("P3", f"{subject.name}: {way}", slowed * 100.0, "%", goal, True, "; ".join(detail))


def _account(subject: Subject, plain: Tracked, ours: Tracked) -> list[str]:
    """What was expected of it, and what it says of itself."""
    step_s = median(turn.wall_s for turn in plain.turns) / subject.steps
    told, state = ours.facts["introspection_cost"], ours.facts["introspection"]
    looked, beside = (
        told[key] / (step_s * subject.steps * subject.turns_with_steps) for key in ("looked_s", "beside_s")
    )
    return [
        f"estimated {_estimated(subject, ours, None):.1%}, with this step {_estimated(subject, ours, step_s):.1%}",
        f"by its own clock {looked:.1%}, and {beside:.1%} beside",
        f"compiled once: {told['compiled_s']:.1f} s",
        *sorted({f"{one['metric']} suspended: {one['why']}" for one in state["suspended"]}),
    ]


def _estimated(subject: Subject, ours: Tracked, step_s: float | None) -> float:
    catalog = known_metrics()
    training = training_of(
        parse_model(model_json(subject)),
        batch_size=subject.batch_size,
        steps_an_epoch=subject.steps,
        measured_step_s=step_s,
    )
    return estimated_share([(one, catalog.topics_of(one)) for one in ours.looks], training)
