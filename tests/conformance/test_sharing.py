"""How work is shared out: all of it, once, and by measured speed."""

from polyloss_conformance.runner import ASSUMED, COMPILING, _units
from polyloss_conformance.sharing import WORTH_A_PROCESS, Heap, Sharing
from polyloss_conformance.worker import cell_of, item_of


def heap(name, count, assumed):
    return Heap([f"{name}{i}" for i in range(count)], assumed)


def simulate(sharing, true, jobs):
    """Parts in the order in which they are taken, and when each process ends."""
    clocks = [0.0] * jobs
    parts = []
    while True:
        process = clocks.index(min(clocks))
        if (taken := sharing.take()) is None:
            return parts, clocks
        (of, items) = taken
        for _ in items:
            sharing.measure(of, true[of])
        clocks[process] += true[of] * len(items)
        sharing.give_back(of)
        parts.append((of, items))


def test_every_item_is_given_out_once_and_in_order():
    heaps = [heap("a", 5000, 0.05), heap("b", 100, 0.01), heap("c", 0, 0.1)]
    expected = {of: list(of.items) for of in heaps}
    (parts, _) = simulate(Sharing(heaps, 3), dict.fromkeys(heaps, 0.05), 3)
    for of in heaps:
        assert [item for one, items in parts if one is of for item in items] == expected[of]


def test_a_slow_heap_is_not_alone_at_the_end():
    heaps = [heap(name, 4000, 0.05) for name in "abcd"]
    true = dict.fromkeys(heaps, 0.02) | {heaps[3]: 0.2}
    (parts, clocks) = simulate(Sharing(heaps, 2), true, 2)
    assert max(clocks) - min(clocks) <= 3 * WORTH_A_PROCESS
    assert len(parts) < 40, "a process is started for what is worth it"


def test_few_slow_cells_are_not_alone_at_the_end():
    ((longer, items),) = _units({"inductor": [f"case{i}" for i in range(600)]}, ("inductor",))
    heaps = [*(heap(name, 4000, ASSUMED * COMPILING) for name in "abc"), Heap(items, ASSUMED * longer)]
    (_, clocks) = simulate(Sharing(heaps, 2), dict.fromkeys(heaps, 0.05) | {heaps[3]: 0.3}, 2)
    assert max(clocks) - min(clocks) <= 3 * WORTH_A_PROCESS


def test_little_work_is_not_divided():
    heaps = [heap("a", 50, 0.05)]
    (parts, _) = simulate(Sharing(heaps, 2), dict.fromkeys(heaps, 0.05), 2)
    assert len(parts) == 1


def test_an_environment_is_over_when_its_last_part_is_given_back():
    (one,) = heaps = [heap("a", 3, 0.1)]
    sharing = Sharing(heaps, 1)
    assert not sharing.over(heaps)
    sharing.take()
    assert not sharing.over(heaps)
    sharing.give_back(one)
    assert sharing.over(heaps)


def test_the_uncompiled_modes_of_a_case_follow_each_other():
    todo = {"eager": ["a", "b"], "composed": ["b", "c"], "jit": ["a b"]}
    (together, alone) = _units(todo, ())
    assert together == (1.0, ["eager a", "eager b", "composed b", "composed c"])
    assert alone == (COMPILING, ["jit a b"])
    assert cell_of(item_of("jit", "a b")) == ("jit", "a b")
