"""The statistics of the benchmark, on numbers made up."""

import math

import pytest

from benchmarks import measure, summary


def row(loss, size="tiny", megabytes=None, **seconds):
    found = {"framework": "torch", "mode": "eager", "size": size, "pass": "both", "loss": loss, "seconds": seconds}
    return found if megabytes is None else {**found, "megabytes": megabytes}


def test_a_ratio_needs_both():
    assert summary.ratio(row("A", native=2.0, polyloss=1.0), "polyloss") == 0.5
    assert summary.ratio(row("A", native=2.0, keras=4.0, polyloss=1.0), "polyloss", "keras") == 0.25
    assert summary.ratio(row("A", native=2.0), "polyloss") is None
    assert summary.ratio(row("A", native=2.0, polyloss=1.0), "polyloss", unit="megabytes") is None
    with_nothing = row("A", megabytes={"native": 0.0, "polyloss": 3.0}, native=1.0, polyloss=1.0)
    assert summary.ratio(with_nothing, "polyloss", unit="megabytes") is None


def test_the_geometric_mean_is_of_ratios():
    assert summary.geometric_mean([0.25, 4.0]) == pytest.approx(1.0)
    assert math.isnan(summary.geometric_mean([]))


def test_a_line_per_group_with_its_worst():
    rows = [row(f"L{i}", native=1.0, polyloss=2.0**i) for i in range(-3, 4)]
    rows.append(row("large", size="large", native=1.0, keras=2.0, polyloss=1.0))
    (tiny, large) = summary.table(rows)
    assert (tiny["size"], tiny["losses"], tiny["polyloss"]) == ("tiny", 7, pytest.approx(1.0))
    assert [one["loss"] for one in tiny["worst"]] == ["L3", "L2", "L1", "L0", "L-1"]
    assert math.isnan(tiny["keras"])
    assert (large["keras"], large["polyloss_to_keras"]) == (pytest.approx(2.0), pytest.approx(0.5))
    lines = summary.text([tiny, large]).splitlines()
    assert len(lines) == 3
    assert "L3 8.00" in lines[1]


def test_calls_take_turns():
    order = []
    found = measure.in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 0.001)
    assert set(found) == {"a", "b"}
    assert all(seconds > 0 for seconds in found.values())
    turns = "".join(order[4:]).replace("aa", "a")
    assert turns.count("ab") >= 3
    assert turns.count("ba") >= 2


def test_a_peak_is_what_the_call_takes():
    found = measure.peak(lambda: bytearray(64 << 20))
    if found is None:
        pytest.skip("this system does not tell the peak of a process's memory")
    assert found == pytest.approx(64, abs=4)
