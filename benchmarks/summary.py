"""From single measurements to ratios, geometric means and the worst losses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

Row = Mapping[str, Any]
"""A measurement: `KEY`, ``loss``, and ``seconds`` and perhaps ``megabytes`` of each contender. A pass is ``forward`` or ``both``."""

KEY = ("framework", "mode", "size", "pass")


def ratio(row: Row, contender: str, to: str = "native", unit: str = "seconds") -> float | None:
    """What `contender` takes over what `to` takes; None where one of them is missing or takes nothing."""
    (one, other) = (row.get(unit, {}).get(name) for name in (contender, to))
    return one / other if one and other else None


def geometric_mean(values: Iterable[float]) -> float:
    """Of numbers above 0; NaN of none."""
    logs = np.log(list(values))
    return float(np.exp(logs.mean())) if logs.size else float("nan")


def groups(rows: Sequence[Row]) -> dict[tuple[str, ...], list[Row]]:
    """The rows by `KEY`, in the order in which they come."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in KEY), []).append(row)
    return found


def table(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A line per group: geometric means of the ratios to native of each contender, of polyloss to Keras, and the five worst losses."""
    lines = []
    for key, group in groups(rows).items():
        ratios = {
            name: [found for row in group if (found := ratio(row, name)) is not None]
            for name in ("keras", "hand", "polyloss")
        }
        to_keras = [found for row in group if (found := ratio(row, "polyloss", "keras")) is not None]
        memory = [found for row in group if (found := ratio(row, "polyloss", unit="megabytes")) is not None]
        ranked = sorted(((ratio(row, "polyloss") or 0.0, row["loss"]) for row in group), reverse=True)
        lines.append(
            {
                **dict(zip(KEY, key, strict=True)),
                "losses": len(ratios["polyloss"]),
                **{name: geometric_mean(found) for name, found in ratios.items()},
                "polyloss_to_keras": geometric_mean(to_keras),
                "memory": geometric_mean(memory),
                "worst": [{"loss": loss, "ratio": found} for found, loss in ranked[:5]],
            }
        )
    return lines


def text(lines: Sequence[Mapping[str, Any]]) -> str:
    """The table to be read."""
    head = ("framework", "mode", "size", "pass", "losses", "Keras", "hand", "polyloss", "to Keras", "memory", "worst")
    body = [
        (
            *(str(line[key]) for key in (*KEY, "losses")),
            *(_short(line[key]) for key in ("keras", "hand", "polyloss", "polyloss_to_keras", "memory")),
            ", ".join(f"{one['loss']} {one['ratio']:.2f}" for one in line["worst"]),
        )
        for line in lines
    ]
    widths = [max(len(row[i]) for row in (head, *body)) for i in range(len(head))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *body))


def _short(value: float) -> str:
    return "-" if value != value else f"{value:.2f}"
