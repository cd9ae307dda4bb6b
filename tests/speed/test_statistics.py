"""The statistics of the benchmark, and the judgement of its targets, on numbers made up."""

import math
from collections import Counter

import pytest

from benchmarks import measure, plan, summary, targets
from benchmarks.frameworks import FRAMEWORKS


def row(loss, size="tiny", megabytes=None, framework="torch", mode="eager", which="both", library=None, **seconds):
    found = {"framework": framework, "mode": mode, "size": size, "pass": which, "loss": loss, "seconds": seconds}
    found["library"] = library or framework
    return found if megabytes is None else {**found, "megabytes": megabytes}


def of(line, quantity, to, over="every loss"):
    (found,) = [one for one in line["targets"] if (one["quantity"], one["to"], one["over"]) == (quantity, to, over)]
    return found


def test_a_ratio_needs_both():
    assert summary.ratio(row("A", native=2.0, polyloss=1.0), "native") == 0.5
    assert summary.ratio(row("A", native=2.0, keras=4.0, polyloss=1.0), "keras") == 0.25
    assert summary.ratio(row("A", native=2.0), "native") is None
    assert summary.ratio(row("A", native=2.0, polyloss=1.0), "native", "memory") is None


def test_where_the_native_loss_is_keras_it_is_what_keras_takes():
    assert summary.ratio(row("A", native=2.0, polyloss=1.0), "keras") is None
    assert summary.ratio(row("A", library="keras", native=2.0, polyloss=1.0), "keras") == 0.5


def test_memory_that_cannot_be_told_from_none_counts_as_that_much():
    (none, some) = (summary.RESOLUTION / 100, summary.RESOLUTION * 3)
    both = row("A", megabytes={"native": none, "polyloss": none}, native=1.0, polyloss=1.0)
    assert summary.ratio(both, "native", "memory") == 1.0
    one = row("A", megabytes={"native": 0.0, "polyloss": some}, native=1.0, polyloss=1.0)
    assert summary.ratio(one, "native", "memory") == 3.0
    for more, ratio in ((0.5, 1.0), (-0.5, 1.0), (2.0, 34.0 / 32)):
        megabytes = {"native": 32 * summary.RESOLUTION, "polyloss": (32 + more) * summary.RESOLUTION}
        assert summary.ratio(row("A", megabytes=megabytes, native=1.0, polyloss=1.0), "native", "memory") == ratio


def test_the_geometric_mean_is_of_ratios():
    assert summary.geometric_mean([0.25, 4.0]) == pytest.approx(1.0)
    assert summary.geometric_mean([]) is None


def test_a_line_per_group_with_its_worst():
    rows = [row(f"L{i}", native=1.0, polyloss=2.0**i) for i in range(-3, 4)]
    rows.append(row("large", size="large", native=1.0, keras=2.0, polyloss=1.0))
    (tiny, large) = summary.table(rows, {("torch", "eager", "tiny"): 9})
    assert (tiny["size"], tiny["losses"], tiny["planned"], tiny["polyloss"]) == ("tiny", 7, 9, pytest.approx(1.0))
    assert [one["loss"] for one in tiny["worst"]] == ["L3", "L2", "L1", "L0", "L-1"]
    assert tiny["keras"] is None
    assert (large["keras"], large["polyloss_to_keras"]) == (pytest.approx(2.0), pytest.approx(0.5))
    text = summary.text([tiny, large])
    assert "7/9" in text.splitlines()[1]
    assert "torch eager tiny both: L3 8.00, L2 4.00" in text


def test_a_figure_above_its_target_is_not_met_and_named():
    (mean, every) = targets.NATIVE["torch", "eager"]["tiny"]
    rows = [row("A", native=1.0, polyloss=mean * 0.9), row("B", native=1.0, polyloss=every * 1.1)]
    (line,) = summary.table(rows, {})
    assert (of(line, "time", "native", "mean")["met"], of(line, "time", "native")["met"]) == (False, False)
    assert [one["loss"] for one in of(line, "time", "native")["above"]] == ["B"]
    text = summary.text([line])
    assert f"{mean:.2f} NOT MET" in text
    assert f"{every:.2f} NOT MET" in text
    assert "Targets met: 0 of 2." in text
    assert f"torch eager tiny both, {every:.2f}: B {every * 1.1:.2f}" in text


def test_a_figure_at_its_target_is_met():
    (mean, every) = targets.NATIVE["jax", "eager"]["medium"]
    given = {"framework": "jax", "size": "medium", "library": "optax"}
    rows = [row("A", native=1.0, polyloss=every, **given), row("B", native=every, polyloss=mean**2 * 0.999, **given)]
    (line,) = summary.table(rows, {})
    assert all(one["met"] and not one["above"] for one in line["targets"])
    assert "NOT MET" not in summary.text([line])


def test_keras_and_memory_have_targets():
    peaks = {"native": 64.0, "polyloss": 96.0}
    rows = [row("A", size="large", megabytes=peaks, native=9.0, keras=1.0, polyloss=2.0)]
    rows.append(row("B", native=1.0, keras=1.0, polyloss=0.4))
    (large, tiny) = summary.table(rows, {})
    assert of(large, "memory", "native")["above"] == [{"loss": "A", "ratio": 1.5, "polyloss": 96.0, "native": 64.0}]
    assert (of(large, "time", "keras")["met"], of(large, "time", "keras")["figure"]) == (False, 2.0)
    assert (of(tiny, "time", "keras")["met"], of(tiny, "time", "keras", "mean")["met"]) == (True, False)
    text = summary.text([large, tiny])
    assert "torch eager large both, 1.00: A 1.50 (96.0 to 64.0)" in text
    assert "Slower than Keras 3:\ntorch eager large both, 1.00: A 2.00" in text


def test_a_loss_that_native_refuses_is_in_no_ratio():
    (line,) = summary.table([row("A"), row("B", native=1.0, polyloss=0.5)], {})
    assert (line["losses"], line["polyloss"], [one["loss"] for one in line["worst"]]) == (1, 0.5, ["B"])
    (line,) = summary.table([row("A")], {})
    assert (line["losses"], line["polyloss"], line["targets"]) == (0, None, [])
    assert "torch" in summary.text([line])


def test_forward_alone_has_no_target():
    (line,) = summary.table([row("A", which="forward", native=1.0, polyloss=9.0)], {})
    assert line["targets"] == []


def test_every_group_that_is_measured_has_targets_of_time():
    for name, kind in FRAMEWORKS.items():
        groups = Counter((cell.mode, cell.size) for cell in plan.cells(kind, quick=False))
        assert len(groups) > 4
        for mode, size in groups:
            limits = [
                one.over for one in targets.of(name, mode, size, "both") if (one.quantity, one.to) == ("time", "native")
            ]
            assert limits == ["mean", "every loss"], (name, mode, size)
            assert math.prod(targets.NATIVE[name, mode][size]) > 0


def test_a_choice_is_of_modes_sizes_and_losses():
    torch = FRAMEWORKS["torch"]
    found = plan.chosen(torch, False, ["eager"], ["tiny", "wide"], ["CrossEntropyLoss", "MSELoss"])
    assert [(cell.size, cell.loss) for cell in found] == [
        ("tiny", "MSELoss"),
        *(("tiny", f"CrossEntropyLoss{variant}") for variant in ("", " ignoring", " of probabilities")),
        *(("wide", f"CrossEntropyLoss{variant}") for variant in ("", " ignoring", " of probabilities")),
    ]
    assert plan.chosen(torch, True, ["inductor"], [], []) == []
    assert plan.chosen(torch, True, [], [], []) == plan.cells(torch, quick=True)


def test_calls_take_turns():
    order = []
    found = measure.in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 0.001)
    assert set(found) == {"a", "b"}
    assert all(seconds > 0 for seconds in found.values())
    turns = "".join(order[2 * measure.WARM :]).replace("aa", "a")
    assert turns.count("ab") >= 3
    assert turns.count("ba") >= 2


def test_a_peak_is_what_the_call_takes():
    found = measure.peak(lambda: bytearray(64 << 20))
    if found is None:
        pytest.skip("this system does not tell the peak of a process's memory")
    assert found == pytest.approx(64, abs=4)
