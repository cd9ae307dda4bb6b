"""The working side of a supervised process."""

import gc
import threading

import pytest
from polyloss_conformance.child import AT_ONCE, Channel


@pytest.fixture
def channel(monkeypatch):
    """A channel that keeps what it would send, in a process whose garbage collection is as before in the end."""
    made = object.__new__(Channel)
    made.sent = []
    monkeypatch.setattr(made, "send", lambda **message: made.sent.append(message), raising=False)
    yield made
    gc.enable()
    gc.unfreeze()


def test_items_are_worked_through_in_order_some_to_a_thread(channel):
    items = [f"item {i}" for i in range(2 * AT_ONCE + 1)]
    threads = {}

    def result(item):
        threads[item] = threading.current_thread()
        return item.upper()

    channel.work(items, result)
    expected = [message for item in items for message in ({"begin": item}, {"done": item, "result": item.upper()})]
    assert channel.sent == expected
    assert len(set(threads.values())) == 3
    assert threading.main_thread() not in threads.values()
    assert threads[items[0]] is threads[items[AT_ONCE - 1]]


def test_what_fails_ends_the_work(channel):
    def result(item):
        raise ZeroDivisionError(item)

    with pytest.raises(ZeroDivisionError, match="first"):
        channel.work(["first", "second"], result)
    assert channel.sent == [{"begin": "first"}]
