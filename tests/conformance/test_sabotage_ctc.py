"""The cases of CTCLoss catch what is done wrong to it."""

import pytest

from polyloss.formulas import sequence
from polyloss.torch.nn import base
from polyloss.torch.nn.functional import sequence as functional

from .test_sabotage import (  # noqa: F401 - a mark is found by its name
    FRAMEWORK,
    function,
    halved_gradient,
    is_caught,
    judged,
    op,
    pytestmark,
    without,
)


def slope_of_the_value(original):
    return lambda F, x, label, frames, lengths, *, blank: F.ctc_alignment(x, label, frames, lengths, blank)


SABOTAGES = {
    "blank is the first class": (function(sequence, "ctc", without(blank=0)), "/blank=2-none/float32/ordinary"),
    "slope of the value": (function(sequence, "ctc", slope_of_the_value), "/padded/float32/ordinary"),
    "gradient halved": (op("ctc_alignment", halved_gradient), "/padded/float32/ordinary"),
    "normalised": (
        op("ctc_alignment", lambda f: lambda self, x, *rest: f(self, self.log_softmax(x), *rest)),
        "/padded/float32/unnormalised",
    ),
    "all frames count": (
        op("ctc_alignment", lambda f: lambda self, x, y, frames, *rest: f(self, x, y, frames + 1, *rest)),
        "/padded/float32/prefix",
    ),
    "repeats without a blank": (
        op("ctc_alignment", lambda f: lambda self, x, y, *rest: f(self, x, y + 0.001 * self.arange_like(y, 1), *rest)),
        "/padded/float32/repeats",
    ),
    "all targets begin at the first": (
        function(functional._Samples, "labels", lambda f: lambda self, count, longest: f(self, 0 * count, longest)),
        "/joined/float32/ordinary",
    ),
    "mean over all targets": (
        function(base, "reduced", lambda f: lambda F, loss, mode, *rest: f(F, loss, "sum", *rest)),
        "/padded/float32/ordinary",
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    (sabotage, part) = SABOTAGES[name]
    is_caught(sabotage, "torch/CTCLoss", part)


@pytest.mark.skipif(FRAMEWORK != "torch", reason="PyTorch is not installed: its kernel of many labels is not run")
@pytest.mark.parametrize("layout", ["padded", "joined", "padded-sum"])
def test_the_kernel_of_many_labels_has_the_same_results(layout, monkeypatch):
    from polyloss_backends import ctc_posteriors, torch_kernels

    found = []

    def noted(*args):
        found.append(posteriors(*args))
        return found[-1]

    def uneven(*args):
        (loss, share) = posteriors(*args) or (None, None)
        return None if loss is None else (loss, 1.001 * share)

    posteriors = ctc_posteriors.posteriors
    part = f"/{layout}/float32/"
    usual = judged("torch/CTCLoss", part)
    monkeypatch.setattr(torch_kernels, "_MANY_LABELS", 1)
    monkeypatch.setattr(ctc_posteriors, "posteriors", noted)
    cells = judged("torch/CTCLoss", part)
    assert {key: cell["status"] for key, cell in cells.items()} == {key: cell["status"] for key, cell in usual.items()}
    failed = {key for key, cell in usual.items() if cell["status"] == "fail"}
    assert sum(one is not None for one in found) > 9
    monkeypatch.setattr(ctc_posteriors, "posteriors", uneven)
    wrong = {key for key, cell in judged("torch/CTCLoss", part).items() if cell["status"] == "fail"}
    assert len(wrong - failed) > 9
