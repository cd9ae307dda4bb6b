"""From single measurements to ratios, geometric means, the losses with the highest, and which targets are met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks import targets
from benchmarks.measure import RESOLUTION

Row = Mapping[str, Any]
"""A measurement: `KEY`, ``loss``, ``library`` (whose the native one is), and ``seconds`` and perhaps ``megabytes`` of each contender. A
pass is ``forward`` or ``both``."""

KEY = ("framework", "mode", "size", "pass")
UNITS = {"time": "seconds", "memory": "megabytes"}
WORST = 5


def figures(row: Row, to: str, quantity: str = "time", contender: str = "polyloss") -> tuple[float, float] | None:
    """What `contender` takes and what `to` takes; None where one of them was not measured."""
    found = row.get(UNITS[quantity], {})
    if to == "keras" and row.get("library") == "keras":
        to = "native"
    (one, other) = (found.get(name) for name in (contender, to))
    if one is None or other is None:
        return None
    if quantity == "time":
        return one, other
    # Less memory than can be told from none counts as that much: a ratio to nothing would say nothing. Less of a difference counts as none.
    (one, other) = (max(one, RESOLUTION), max(other, RESOLUTION))
    return (other if abs(one - other) < RESOLUTION else one), other


def ratio(row: Row, to: str, quantity: str = "time", contender: str = "polyloss") -> float | None:
    """What `contender` takes over what `to` takes; None where one of them was not measured."""
    found = figures(row, to, quantity, contender)
    return None if found is None else found[0] / found[1]


def geometric_mean(values: Iterable[float]) -> float | None:
    """Of numbers above 0; None of none."""
    logs = np.log(list(values))
    return float(np.exp(logs.mean())) if logs.size else None


def groups(rows: Sequence[Row]) -> dict[tuple[str, ...], list[Row]]:
    """The rows by `KEY`, in the order in which they come."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in KEY), []).append(row)
    return found


def table(rows: Sequence[Row], planned: Mapping[tuple[str, str, str], int]) -> list[dict[str, Any]]:
    """A line per group: geometric means of the ratios to native of each contender, of polyloss to Keras, the five losses with the highest
    ratio to native, and the targets; `planned` says how many losses a whole run measures."""
    lines = []
    for key, group in groups(rows).items():
        ranked = _ranked(group, "native")
        lines.append(
            {
                **dict(zip(KEY, key, strict=True)),
                "losses": len(ranked),
                "planned": max(planned.get(key[:3], 0), len(ranked)),
                **{name: _mean(group, "native", contender=name) for name in ("keras", "hand", "polyloss")},
                "polyloss_to_keras": _mean(group, "keras"),
                "memory": _mean(group, "native", "memory"),
                "worst": [{"loss": loss, "ratio": found} for found, loss, *_ in ranked[:WORST]],
                "targets": [line for one in targets.of(*key) if (line := _judged(one, group))],
            }
        )
    return lines


def _mean(group: Sequence[Row], to: str, quantity: str = "time", contender: str = "polyloss") -> float | None:
    return geometric_mean(found for row in group if (found := ratio(row, to, quantity, contender)) is not None)


def _ranked(group: Sequence[Row], to: str, quantity: str = "time") -> list[tuple[float, str, float, float]]:
    """Ratio, loss, and both figures, the highest ratio first."""
    found = [(row["loss"], pair) for row in group if (pair := figures(row, to, quantity))]
    return sorted(((one / other, loss, one, other) for loss, (one, other) in found), reverse=True)


def _judged(target: targets.Target, group: Sequence[Row]) -> dict[str, Any] | None:
    """A target with its figure, and the losses above it; None where nothing was measured for it."""
    ranked = _ranked(group, target.to, target.quantity)
    if not ranked:
        return None
    mean = target.over == "mean"
    figure = geometric_mean(found for found, *_ in ranked) if mean else ranked[0][0]
    above = [] if mean else [one for one in ranked if one[0] > target.limit]
    return {
        "quantity": target.quantity,
        "to": target.to,
        "over": target.over,
        "limit": target.limit,
        "figure": figure,
        "met": figure is not None and figure <= target.limit,
        "above": [
            {"loss": loss, "ratio": found, "polyloss": one, target.to: other} for found, loss, one, other in above
        ],
    }


def text(lines: Sequence[Mapping[str, Any]]) -> str:
    """The table to be read, the losses with the highest ratios, and every loss above its target."""
    head = ("framework", "mode", "size", "pass", "losses", "Keras", "hand", "polyloss", "target", "highest", "target")
    head += ("to Keras", "target", "highest", "target", "memory", "highest", "target")
    body = [_line(line) for line in lines]
    widths = [max(len(row[i]) for row in (head, *body)) for i in range(len(head))]
    found = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *body)]
    judged = [(line, one) for line in lines for one in line["targets"]]
    if judged:
        found.append(f"\nTargets met: {sum(one['met'] for _, one in judged)} of {len(judged)}.")
    found.append("\nHighest ratios to native:")
    found += [f"{_where(line)}: {', '.join(_named(one) for one in line['worst'])}" for line in lines]
    for title, quantity, to in (
        ("Above the target of every loss, time to native", "time", "native"),
        ("Slower than Keras 3", "time", "keras"),
        ("Peak memory above native's, MB", "memory", "native"),
    ):
        above = [(line, one) for line, one in judged if (one["quantity"], one["to"]) == (quantity, to) and one["above"]]
        found += [f"\n{title}:"] if above else []
        for line, one in above:
            names = (_named(each) + (_megabytes(each) if quantity == "memory" else "") for each in one["above"])
            found.append(f"{_where(line)}, {one['limit']:.2f}: {', '.join(names)}")
    return "\n".join(found)


def _line(line: Mapping[str, Any]) -> tuple[str, ...]:
    of = {(one["quantity"], one["to"], one["over"]): one for one in line["targets"]}
    every = {(quantity, to): of.get((quantity, to, "every loss")) for quantity in UNITS for to in ("native", "keras")}
    highest = f"{line['worst'][0]['ratio']:.2f}" if line["worst"] else "-"
    return (
        *(str(line[key]) for key in KEY),
        f"{line['losses']}/{line['planned']}",
        *(_short(line[key]) for key in ("keras", "hand", "polyloss")),
        _verdict(of.get(("time", "native", "mean"))),
        highest,
        _verdict(every["time", "native"]),
        _short(line["polyloss_to_keras"]),
        _verdict(of.get(("time", "keras", "mean"))),
        _figure(every["time", "keras"]),
        _verdict(every["time", "keras"]),
        _short(line["memory"]),
        _figure(every["memory", "native"]),
        _verdict(every["memory", "native"]),
    )


def _where(line: Mapping[str, Any]) -> str:
    return " ".join(str(line[key]) for key in KEY)


def _named(one: Mapping[str, Any]) -> str:
    return f"{one['loss']} {one['ratio']:.2f}"


def _megabytes(one: Mapping[str, Any]) -> str:
    return f" ({one['polyloss']:.1f} to {one['native']:.1f})"


def _verdict(target: Mapping[str, Any] | None) -> str:
    return "" if target is None else f"{target['limit']:.2f} {'met' if target['met'] else 'NOT MET'}"


def _figure(target: Mapping[str, Any] | None) -> str:
    return "-" if target is None else _short(target["figure"])


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
