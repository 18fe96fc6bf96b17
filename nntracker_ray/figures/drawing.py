"""Drawing charts of lines: HoloViews overlays on the Bokeh backend."""

from __future__ import annotations

from typing import Any

import holoviews as hv

from nntracker_ray.figures.chart_look import calm_figure, hang_on_share, load_backend
from nntracker_ray.figures.lines import UNSEEN, Chart, Line
from nntracker_ray.figures.palette import MARK_COLOR

DOTS, CROSSES = f"{UNSEEN}dots", f"{UNSEEN}crosses"  # names of the two renderers that all lines share
CROSS_HEIGHT = 0.03  # share of the chart's height


def drawn(chart: Chart, *, height: int = 420, on_page: bool = False) -> hv.Overlay:
    """A chart as a HoloViews overlay; each line's renderer has its name.

    Args:
        on_page: The page has a legend of its own, and draws often: then lines are not elements of the overlay, but
            drawn by Bokeh in one of its hooks, in a tenth of the time.
    """
    load_backend()
    parts = [
        *(_curve(line, chart) for line in chart.lines if not on_page),
        _dots(chart),
        _crosses(chart),
    ]
    options = {
        "responsive": True,
        "height": height,
        "min_height": height,
        "toolbar": "above",
        "xlabel": chart.xlabel,
        "ylabel": chart.ylabel,
        "logy": chart.log,
        "show_legend": not on_page and any(line.has_legend for line in chart.lines),
        "legend_position": "top" if len(chart.lines) < 5 else "right",
        "legend_opts": {"click_policy": "hide", "border_line_alpha": 0.0, "background_fill_alpha": 0.0},
        "default_tools": ["pan", "box_zoom", "wheel_zoom", "reset"],
        "active_tools": [],
        "hooks": [_arranged(chart, on_page=on_page)],
    }
    return hv.Overlay(parts).opts(hv.opts.Overlay(backend="bokeh", **options))


def sources_of(chart: Chart) -> dict[str, dict[str, Any]]:
    """What each renderer of the drawn chart holds, by its name: to change it in place."""
    polygons = {band.name: dict(zip(("xs", "ys"), band.polygons, strict=True)) for band in chart.bands}
    lines = {line.name: dict(line.columns) for line in chart.lines}
    return {**polygons, **lines, DOTS: _dot_columns(chart), CROSSES: _cross_columns(chart)}


def _curve(line: Line, chart: Chart) -> hv.Curve:
    vdims = [hv.Dimension("y", label=chart.ylabel), *(["count"] if len(line.count) else [])]
    curve = hv.Curve(line.columns, "x", vdims, label=line.name)
    return curve.opts(
        backend="bokeh",
        color=line.color,
        line_dash=line.dash,
        line_width=line.width,
        alpha=line.alpha,
        show_legend=line.has_legend,
        hooks=[_named(line.name)],
    )


def _dots(chart: Chart) -> hv.Scatter:
    scatter = hv.Scatter(_dot_columns(chart), "x", ["y", "color", "alpha"], label=DOTS)
    return scatter.opts(
        backend="bokeh", color="color", alpha="alpha", size=4, show_legend=False, hooks=[_named(DOTS)]
    )


def _dot_columns(chart: Chart) -> dict[str, Any]:
    points = [(x, y, line.color, line.alpha) for line in chart.lines for x, y in zip(*line.dots, strict=True)]
    return _columns(("x", "y", "color", "alpha"), points)


def _crosses(chart: Chart) -> hv.Scatter:
    scatter = hv.Scatter(_cross_columns(chart), "x", ["height", "was", "series"], label=CROSSES)
    return scatter.opts(
        backend="bokeh",
        marker="x",
        size=9,
        line_width=2,
        color=MARK_COLOR,
        show_legend=False,
        hooks=[_at_the_axis],
    )


def _cross_columns(chart: Chart) -> dict[str, Any]:
    points = [
        (x, CROSS_HEIGHT, was, line.name)
        for line in chart.lines
        for x, was in zip(line.lost_x, line.lost_was, strict=True)
    ]
    return _columns(("x", "height", "was", "series"), points)


def _columns(names: tuple[str, ...], points: list[tuple[Any, ...]]) -> dict[str, Any]:
    return {name: [point[place] for point in points] for place, name in enumerate(names)}


def _named(name: str) -> Any:
    def hook(plot: Any, _element: Any) -> None:
        plot.handles["glyph_renderer"].name = name

    return hook


def _at_the_axis(plot: Any, _element: Any) -> None:
    """Crosses hang on a second y axis from 0 to 1, so that zooming never hides them."""
    renderer = plot.handles["glyph_renderer"]
    renderer.name = CROSSES
    hang_on_share(plot.state, renderer)


def _fill(figure: Any, chart: Chart) -> None:
    """Give every renderer the columns that a later change will have; HoloViews leaves out what it does not draw."""
    from bokeh.core.properties import field

    columns = sources_of(chart)
    for renderer in figure.renderers:
        # To Bokeh an empty list equals HoloViews' empty column of floats, which no browser takes for colours.
        renderer.data_source.data = {}
        renderer.data_source.data = columns[renderer.name]
        if renderer.name == DOTS:
            renderer.glyph.fill_color = renderer.glyph.line_color = field("color")
            renderer.glyph.fill_alpha = renderer.glyph.line_alpha = field("alpha")


def _arranged(chart: Chart, *, on_page: bool) -> Any:
    """Axes that follow what is drawn, and one tool that tells which line is under the pointer."""

    def hook(plot: Any, _element: Any) -> None:
        from bokeh.models import BasicTicker, DataRange1d, HoverTool, NumeralTickFormatter

        figure = plot.state
        for band in chart.bands:
            # HoloViews' areas draw across gaps.
            figure.patches("xs", "ys", source={}, level="underlay", name=band.name, color=band.color,
                           fill_alpha=band.alpha, line_alpha=0)  # fmt: skip
        for line in chart.lines if on_page else ():
            figure.line("x", "y", source={}, name=line.name, color=line.color, line_dash=line.dash,
                        line_width=line.width, alpha=line.alpha)  # fmt: skip
        _fill(figure, chart)
        measured = [renderer for renderer in figure.renderers if renderer.name != CROSSES]
        figure.y_range = DataRange1d(renderers=measured, only_visible=True, range_padding=0.06)
        figure.x_range = DataRange1d(only_visible=True, range_padding=0.02, min_interval=1)
        figure.xaxis.ticker = BasicTicker(min_interval=1)
        if chart.is_clock:
            figure.xaxis.formatter = NumeralTickFormatter(format="00:00:00")
        single = {line.name for line in chart.lines if not len(line.count)}
        several = {line.name for line in chart.lines} - single
        about = [("", "$name"), (chart.xlabel, "@x{0,0.[00]}"), (chart.ylabel, "@y{0.[000000]}")]
        lost = [("", "@series"), (chart.xlabel, "@x{0,0.[00]}"), ("was", "@was")]
        told = ((single, about), (several, [*about, ("runs", "@count")]), ({CROSSES}, lost))
        for names, tooltips in told:
            under = [renderer for renderer in figure.renderers if renderer.name in names]
            figure.add_tools(HoverTool(renderers=under, tooltips=tooltips))
        calm_figure(figure)

    return hook
