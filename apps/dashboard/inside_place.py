"""What the tab *Inside* shows, as the address says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from apps.dashboard.given import first_of
from nntracker_ray.figures.inside_pictures import Picture
from nntracker_ray.figures.value_scale import Scale
from nntracker_ray.figures.views import Axis

LONGEST, MOST_LAYERS = 200, 100
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class InsidePlace:
    """What an address says wrongly is left out, not an error."""

    picture: Picture = Picture.HEAT
    metric: str = ""  # "weights/mean"; "": the first that the picture can show
    tensor: str = ""  # "kernel"; "": all, or the first where only one can be shown
    layers: tuple[str, ...] = ()  # (): all; of several the first where only one can be shown
    axis: Axis = Axis.EPOCH  # or STEP
    scale: Scale = Scale.AUTO

    @classmethod
    def read(cls, words: Mapping[str, Sequence[str]]) -> InsidePlace:
        """From the words of an address, by name."""
        layers = [word.strip()[:LONGEST] for word in words.get("only", ())]
        axis = one_of(Axis, first_of(words, "by"), Axis.EPOCH)
        return cls(
            one_of(Picture, first_of(words, "picture"), Picture.HEAT),
            first_of(words, "observed")[:LONGEST],
            first_of(words, "part")[:LONGEST],
            tuple(dict.fromkeys(layer for layer in layers if layer))[:MOST_LAYERS],
            axis if axis is Axis.STEP else Axis.EPOCH,
            one_of(Scale, first_of(words, "values"), Scale.AUTO),
        )

    @property
    def said(self) -> list[tuple[str, str]]:
        """Names and values for an address; "" for what is as usual."""
        return [
            ("picture", "" if self.picture is Picture.HEAT else self.picture.value),
            ("observed", self.metric),
            ("part", self.tensor),
            *(("only", layer) for layer in self.layers),
            ("by", "" if self.axis is Axis.EPOCH else self.axis.value),
            ("values", "" if self.scale is Scale.AUTO else self.scale.value),
        ]


def one_of(kind: type[E], word: str, otherwise: E) -> E:
    """The member that a word means, or another one."""
    return kind(word) if word in [member.value for member in kind] else otherwise
