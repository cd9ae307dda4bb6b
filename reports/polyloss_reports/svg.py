"""Drawings of matplotlib as SVG that takes its colours from the page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup, escape
from matplotlib.figure import Figure

_COLOURS = {
    "#010203": "var(--curve-loss)",
    "#040506": "var(--curve-gradient)",
    "#070809": "var(--muted)",
    "#0a0b0c": "var(--line)",
}
FIRST, SECOND, INK, LINE = _COLOURS
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.bottom": False,
    "ytick.left": False,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
}
_SVG = "{http://www.w3.org/2000/svg}"
_GEOMETRY: tuple[str, ...] = ("d", "x", "y")
_DROPPED = (_SVG + "metadata", _SVG + "defs")


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches, to be drawn on in the colours `FIRST`, `SECOND`, `INK` and `LINE`, with lines and texts alone."""
    with matplotlib.rc_context(_STYLE):
        yield Figure(figsize=(width, height))


def written(figure: Figure, text: str) -> Markup:
    """The figure as an element; `text` says what it shows. Within `drawing`."""
    target = io.StringIO()
    figure.savefig(target, format="svg", transparent=True)
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
