"""`python -m tests.pictures`: pictures of every page, on experiments that were really trained."""

from __future__ import annotations

import argparse
import sys
from fnmatch import fnmatch
from pathlib import Path

from tests.pictures.camera import DESK, Shape
from tests.pictures.laboratory import laboratory
from tests.pictures.views import views

PLACE = Path(__file__).parents[2] / "docs" / "pages"


def main() -> int:
    """Returns: 1 when a page complained in the browser's console."""
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("names", nargs="*", default=["*"], help="of views, as patterns: 'run*' 'compare-*'")
    parser.add_argument("--into", type=Path, default=PLACE, help="the folder for the pictures")
    parser.add_argument("--widths", type=int, nargs="*", default=[], help="these, in both themes, instead")
    chosen = parser.parse_args()
    chosen.into.mkdir(parents=True, exist_ok=True)
    with laboratory(chosen.into) as (story, camera):
        wanted = [view for view in views(story) if any(fnmatch(view.name, name) for name in chosen.names)]
        complaints = camera.take(wanted, shapes_of(chosen.widths))
    print("\n".join([*complaints, f"{len(wanted)} views in {chosen.into}"]))
    return 1 if complaints else 0


def shapes_of(widths: list[int]) -> tuple[Shape, ...]:
    """Both themes at each width; the manual's own shapes where none is given."""
    return (
        tuple(Shape(f"{theme}-{width}", theme, width) for width in widths for theme in ("light", "dark"))
        or DESK
    )


if __name__ == "__main__":
    sys.exit(main())
