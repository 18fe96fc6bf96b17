"""The allow-list: every layer a model may hold, with every key of its configuration."""

from __future__ import annotations

from collections.abc import Mapping

from nntracker_ray.models.kinds import LayerKind
from nntracker_ray.models.table_plain import plain_kinds, shape_kinds
from nntracker_ray.models.table_sequence import merge_kinds, sequence_kinds
from nntracker_ray.models.table_spatial import spatial_kinds

LAYERS: Mapping[str, LayerKind] = {
    kind.class_name: kind
    for kinds in (plain_kinds(), shape_kinds(), spatial_kinds(), sequence_kinds(), merge_kinds())
    for kind in kinds
}
MODEL_CLASSES = ("Sequential", "Functional", "Model")
