"""The plot of a loss and its gradient, as a drawing and as numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup
from polyloss_conformance.results import Record, decode

from polyloss_reports import svg

_LARGEST = 1e30  # the axes cannot scale to the limits of float64


@dataclass(frozen=True)
class Plot:
    """A drawing, and the same curve as numbers."""

    svg: Markup
    label: str
    rows: list[tuple[str, str, str]]
    """A dozen points: prediction, loss, gradient."""


def draw(curve: Record) -> Plot | None:
    """The plot of a `loss` record's curve, or None where it has no point to show."""
    points = list(zip(*([decode(value) for value in curve[key]] for key in ("x", "loss", "gradient")), strict=False))
    points = [p for p in points if math.isfinite(p[0]) and abs(p[0]) < _LARGEST]
    if not any(_shown(value) for p in points for value in p[1:]):
        return None
    step = max(1, (len(points) - 1) // 12)
    rows = [(f"{x:.4g}", f"{loss:.6g}", f"{gradient:.6g}") for x, loss, gradient in points[::step]]
    return Plot(_drawn(points), curve["label"], rows)


def _shown(value: float) -> bool:
    return math.isfinite(value) and abs(value) < _LARGEST


def _drawn(points: list[tuple[float, ...]]) -> Markup:
    xs = [p[0] for p in points]
    losses = [(p[1], p[0]) for p in points if _shown(p[1])]
    text = f"Loss and gradient for predictions from {min(xs):.4g} to {max(xs):.4g}."
    if losses:
        text += (
            f" The loss is smallest, {min(losses)[0]:.4g}, at {min(losses)[1]:.4g}, and largest, {max(losses)[0]:.4g}."
        )
    with svg.drawing(5, 2.5) as figure:
        axes = figure.add_axes((0.1, 0.1, 0.88, 0.87))
        for column, colour, line in ((1, svg.FIRST, "-"), (2, svg.SECOND, "--")):
            values = [p[column] if _shown(p[column]) else math.nan for p in points]
            axes.plot(xs, values, line, color=colour, linewidth=1.8)
        return svg.written(figure, text)
