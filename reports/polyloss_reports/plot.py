"""The plot of a loss and its gradient, as SVG that takes its colours from the page."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from polyloss_conformance.results import Record, decode

_LARGEST = 1e30  # the axes cannot scale to the limits of float64
_COLOURS = {
    "#010203": "var(--curve-loss)",
    "#040506": "var(--curve-gradient)",
    "#070809": "var(--muted)",
    "#0a0b0c": "var(--line)",
}
_LOSS, _GRADIENT, _INK, _LINE = _COLOURS
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.edgecolor": _LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.bottom": False,
    "ytick.left": False,
    "axes.grid": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
}
_SVG = "{http://www.w3.org/2000/svg}"
_GEOMETRY: tuple[str, ...] = ("d", "x", "y")
_DROPPED = (_SVG + "metadata", _SVG + "defs")


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
    return Plot(_svg(points), curve["label"], rows)


def _shown(value: float) -> bool:
    return math.isfinite(value) and abs(value) < _LARGEST


def _svg(points: list[tuple[float, ...]]) -> Markup:
    xs = [p[0] for p in points]
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(5, 2.5))
        axes = figure.add_axes((0.1, 0.1, 0.88, 0.87))
        for column, colour, line in ((1, _LOSS, "-"), (2, _GRADIENT, "--")):
            values = [p[column] if _shown(p[column]) else math.nan for p in points]
            axes.plot(xs, values, line, color=colour, linewidth=1.8)
        target = io.StringIO()
        figure.savefig(target, format="svg", transparent=True)
    losses = [(p[1], p[0]) for p in points if _shown(p[1])]
    text = f"Loss and gradient for predictions from {min(xs):.4g} to {max(xs):.4g}."
    if losses:
        text += (
            f" The loss is smallest, {min(losses)[0]:.4g}, at {min(losses)[1]:.4g}, and largest, {max(losses)[0]:.4g}."
        )
    return _clean(target.getvalue(), text)


def _clean(svg: str, text: str) -> Markup:
    """Only what draws: no ids, which would collide on a page of many plots, and no style that reaches out of the drawing."""
    body = "".join(_write(child) for child in ElementTree.fromstring(svg))
    box = re.search(r'viewBox="([\d. ]+)"', svg)
    assert box
    return Markup(f'<svg class="plot" role="img" aria-label="{escape(text)}" viewBox="{box[1]}">{body}</svg>')


def _write(element: ElementTree.Element) -> str:
    if element.tag in _DROPPED:
        return ""
    name = element.tag.removeprefix(_SVG)
    body = "".join(_write(child) for child in element) + str(escape((element.text or "").strip()))
    if name == "g":
        return body
    attributes: dict[str, str] = {key: element.attrib[key] for key in _GEOMETRY if key in element.attrib}
    if "d" in attributes:
        attributes["d"] = re.sub(r"\d+\.\d+", lambda m: f"{float(m[0]):.1f}", " ".join(attributes["d"].split()))
    style = element.get("style", "")
    if name == "text":
        attributes["text-anchor"] = "middle" if "middle" in style else ("end" if "end" in style else "start")
    else:
        if "stroke" not in style:
            return ""
        for colour, variable in _COLOURS.items():
            style = style.replace(colour, variable)
        attributes["style"] = style
    opening = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{opening}>{body}</{name}>"
