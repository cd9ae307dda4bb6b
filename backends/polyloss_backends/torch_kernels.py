"""PyTorch's kernels of whole losses: its own where they compute just the formula, else closed forms of value and gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch

from polyloss.opset import Tensor
from polyloss_backends import ctc_posteriors
from polyloss_backends import torch_ready as ready
from polyloss_backends.torch_ready import (
    BATCHMEAN,
    MEAN,
    NONE,
    REDUCTIONS,
    SUM,
    Kernel,
    RefusedError,
    Rule,
    Slopes,
    finite,
    number,
)

_nn = torch._C._nn
_aten = torch.ops.aten


class _Maker(NamedTuple):
    make: Callable[..., Kernel | None]
    reductions: tuple[int, ...]


_makers: dict[str, _Maker] = {}


def _computes(formula: str, *reductions: int) -> Callable[[Any], Any]:
    """Register what makes kernels of a formula, given a reduction, its composition and the formula's options."""

    def register(maker: Any) -> Any:
        _makers[formula] = _Maker(maker, reductions or (NONE, MEAN, SUM))
        return maker

    return register


def find(ops: Any, formula: Callable[..., Tensor], reduction: str) -> Kernel | None:
    """The kernel of a formula on the op set `ops`, if there is one."""
    (function, options) = (formula.func, formula.keywords) if isinstance(formula, partial) else (formula, {})
    maker = _makers.get(f"{function.__module__.rpartition('.')[2]}.{function.__name__}")
    mode = REDUCTIONS.get(reduction)
    if maker is None or mode not in maker.reductions:
        return None
    return maker.make(mode, partial(_composition, partial(formula, ops), mode), **options)


def _composition(function: Callable[..., Tensor], mode: int, *data: Tensor) -> Tensor:
    value = function(*data)
    if mode == BATCHMEAN:
        return value.sum() / ready.batch(data[0])
    return value.mean() if mode == MEAN else value.sum()


# --- element by element -------------------------------------------------------------------------------------------------------------------


def _reached(data: Tensor) -> Tensor:
    """1 from 0 on, else 0."""
    return torch.ge(data, number(0.0, data.dtype), out=torch.empty_like(data))


def _place(out: Sequence[Tensor | None]) -> Tensor | None:
    """Where a difference is computed whose gradients take these places: in one of them, if there is any."""
    return out[1] if out[0] is None else out[0]


def _times(slope: Tensor, scale: float, wanted: Sequence[bool], out: Sequence[Tensor | None]) -> Slopes:
    """The gradients of a difference, for its two sides, from that for the difference, which is written to."""
    second = torch.mul(slope, number(-scale, slope.dtype), out=out[1]) if wanted[1] else None
    place = slope if out[0] is None else out[0]
    return [torch.mul(slope, number(scale, slope.dtype), out=place) if wanted[0] else None, second]


@_computes("regression.absolute_error", MEAN, SUM)
def _absolute_error(mode: int, whole: Callable[..., Tensor]) -> Kernel:
    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        error = data[0] - data[1]
        value = error.abs().sum()
        return value, _times(error.sgn_(), scale, wanted, out)

    return ready.closed(mode, whole, rule)


@_computes("regression.squared_error")
def _squared_error(mode: int, whole: Callable[..., Tensor]) -> Kernel:
    def native(pred: Tensor, label: Tensor) -> Tensor:
        return _nn.mse_loss(pred, label, mode)

    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        error = torch.sub(data[0], data[1], out=_place(out))
        flat = error.view(-1)
        return torch.dot(flat, flat), _times(error, 2 * scale, wanted, out)

    return native if mode == NONE else ready.closed(mode, whole, rule, native=native, least=ready.MANY)


@_computes("regression.huber_over_rho")
def _huber_over_rho(mode: int, whole: Callable[..., Tensor], *, rho: float) -> Kernel:
    def native(pred: Tensor, label: Tensor) -> Tensor:
        return _nn.smooth_l1_loss(pred, label, mode, rho)

    return native if mode == NONE else _in_fine_blocks(mode, whole, _clamped(rho, 1 / rho), native)


@_computes("regression.huber")
def _huber(mode: int, whole: Callable[..., Tensor], *, delta: float) -> Kernel:
    def native(pred: Tensor, label: Tensor) -> Tensor:
        return _nn.huber_loss(pred, label, mode, delta)

    return native if mode == NONE else _in_fine_blocks(mode, whole, _clamped(delta, 1.0), native)


def _in_fine_blocks(mode: int, whole: Callable[..., Tensor], rule: Rule, native: Kernel) -> Kernel:
    return ready.closed(mode, whole, rule, native=native, least=ready.MANY, finer=8)


def _clamped(delta: float, factor: float) -> Rule:
    """Huber's function times a factor: m (e - m / 2) with the error e and m, its slope, e within [-delta, delta]."""

    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        error = data[0] - data[1]
        slope = torch.clamp(error, -delta, delta, out=_place(out))
        value = torch.dot(slope.view(-1), error.sub_(slope, alpha=0.5).view(-1)).mul_(number(factor, error.dtype))
        return finite(value), _times(slope, scale * factor, wanted, out)

    return rule


@_computes("regression.poisson_nll", MEAN, SUM)
def _poisson_nll(
    mode: int, whole: Callable[..., Tensor], *, from_logits: bool, compute_full: bool, epsilon: float
) -> Kernel | None:
    if compute_full:
        return None

    def of_logarithms(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        (x, t) = data
        rate = x.exp()
        value = torch.addcmul(rate, t, x, value=-1).sum()
        return value, [
            torch.mul(rate.sub_(t), number(scale, t.dtype), out=out[0]) if wanted[0] else None,
            torch.mul(x, number(-scale, t.dtype), out=out[1]) if wanted[1] else None,
        ]

    def of_rates(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        (x, t) = data
        raised = x + number(epsilon, x.dtype)
        log = raised.log()
        value = torch.addcmul(x, t, log, value=-1).sum()
        return value, [
            torch.addcdiv(number(scale, t.dtype), t, raised, value=-scale, out=out[0]) if wanted[0] else None,
            torch.mul(log, number(-scale, t.dtype), out=out[1]) if wanted[1] else None,
        ]

    return ready.closed(mode, whole, of_logarithms if from_logits else of_rates)


@_computes("regression.gaussian_nll", MEAN, SUM)
def _gaussian_nll(
    mode: int, whole: Callable[..., Tensor], *, full: bool, epsilon: float, beta: float = 0.0
) -> Kernel | None:
    if full or beta:
        return None

    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        (mean, target, variance) = data
        if not variance.min().item() >= epsilon:  # what is below the bound, or refused
            raise RefusedError
        error = mean - target
        ratio = error / variance
        share = error.mul_(ratio)
        value = variance.log().add_(share).sum().mul_(number(0.5, mean.dtype))
        slopes = _times(ratio, scale, wanted, out)
        of_variance = None
        if wanted[2]:  # (1 - e^2 / v) / 2v
            of_variance = torch.div(
                share.sub_(number(1.0, mean.dtype)).mul_(number(-0.5 * scale, mean.dtype)), variance, out=out[2]
            )
        return value, [*slopes, of_variance]

    return ready.closed(mode, whole, rule)


@_computes("classification.relative_entropy", MEAN, SUM, BATCHMEAN)
def _relative_entropy(mode: int, whole: Callable[..., Tensor], *, log_target: bool) -> Kernel | None:
    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        (log_prob, target) = data
        tiny = torch.finfo(target.dtype).tiny
        least = target.min().item()
        if wanted[1] or not least >= 0:
            raise RefusedError
        log = (target if least >= tiny else target.clamp_min(tiny)).log()
        value = log.sub_(log_prob).mul_(target).sum()
        return value, [torch.mul(target, number(-scale, target.dtype), out=out[0]) if wanted[0] else None, None]

    return None if log_target else ready.closed(mode, whole, rule)


@_computes("classification.clamped_binary_cross_entropy")
def _binary_cross_entropy(
    mode: int, whole: Callable[..., Tensor], *, log_floor: float, spread_floor: float
) -> Kernel | None:
    if log_floor != -100:
        return None

    def kernel(pred: Tensor, label: Tensor) -> Tensor | None:
        if (
            label.requires_grad or not pred.is_cpu
        ):  # torch's gradient for the label is infinite at probabilities 0 and 1
            return None
        return ready.unless_refused(_nn.binary_cross_entropy, pred, label, None, mode)

    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        (pred, label) = data
        if wanted[1]:
            raise RefusedError
        ends = [end.item() for one in (label, pred) for end in torch.aminmax(one)]
        if not (ends[0] >= 0 and ends[1] <= 1 and ends[2] > 0 and all(p * (1 - p) >= spread_floor for p in ends[2:])):
            raise RefusedError
        value = torch.lerp(pred.neg().log1p_(), pred.log(), label).sum().neg_()
        if not wanted[0]:
            return value, [None, None]
        spread = torch.addcmul(pred, pred, pred, value=-1)
        return value, [torch.mul((pred - label).div_(spread), number(scale, pred.dtype), out=out[0]), None]

    return kernel if mode == NONE else ready.closed(mode, whole, rule, native=kernel, least=ready.FEW)


@_computes("classification.sigmoid_cross_entropy", MEAN, SUM)
def _sigmoid_cross_entropy(mode: int, whole: Callable[..., Tensor]) -> Kernel:
    return ready.closed(mode, whole, _logistic)


@_computes("classification.multilabel_soft_margin", MEAN, SUM)
def _multilabel_soft_margin(mode: int, whole: Callable[..., Tensor]) -> Kernel:
    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        classes = data[0].size(1)
        (value, slopes) = _logistic(data, wanted, scale / classes, out)
        return value.div_(classes), slopes

    return ready.closed(mode, whole, _logistic if mode == MEAN else rule, samples=mode == SUM)


def _beside_relu(x: Tensor) -> Tensor:
    """The sum of log(1 + e^x) - max(x, 0) = log(1 + e^-|x|) = -log(1 - s(-|x|)); torch's logistic s takes a third of its exp's time."""
    return x.abs().neg_().sigmoid_().neg_().log1p_().sum().neg_()


def _logistic(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
    """-t log s(x) - (1 - t) log s(-x); its slope s(x) - t is (1 - t) s(x) - t s(-x), where neither term cancels.

    torch.lerp takes its second argument as it is for t = 1, and the first for t = 0.
    """
    (x, t) = data
    factor = number(scale, x.dtype)
    if x.numel() < ready.FEW:
        minus = -x
        value = finite(torch.lerp(_nn.softplus(x, 1, 40), _nn.softplus(minus, 1, 40), t).sum())
        of_label = torch.mul(minus, factor, out=out[1]) if wanted[1] else None
        if not wanted[0]:
            return value, [None, of_label]
        slope = torch.lerp(x.sigmoid(), minus.sigmoid_().neg_(), t)
        return value, [torch.mul(slope, factor, out=out[0]), of_label]
    # With h = s(-|x|) and d = 1 - t for x from 0 on, else -t: the loss is d x - log(1 - h), the slope d - h, else d + h.
    step = _reached(x)
    lead = torch.sub(step, t, out=out[0])
    value = torch.dot(lead.reshape(-1), x.reshape(-1))
    less = x.abs().neg_().sigmoid_()
    if wanted[0]:
        lead.add_(torch.addcmul(less, less, step, value=-2, out=step)).mul_(factor)
    of_label = torch.mul(x, -factor, out=out[1]) if wanted[1] else None
    return finite(value.sub_(less.neg_().log1p_().sum())), [lead if wanted[0] else None, of_label]


@_computes("classification.soft_margin", MEAN, SUM)
def _soft_margin(mode: int, whole: Callable[..., Tensor]) -> Kernel:
    def few(pred: Tensor, label: Tensor) -> Tensor | None:
        return None if label.requires_grad or not pred.is_cpu else ready.unless_refused(native, pred, label)

    def native(pred: Tensor, label: Tensor) -> Tensor:
        return finite(_nn.soft_margin_loss(pred, label, mode))  # e^-x overflows where the loss does not

    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        lead = (data[0] * data[1]).neg_()
        value = lead.relu().sum().add_(_beside_relu(lead))
        slope = lead.sigmoid_().mul_(number(-scale, lead.dtype))
        others = (data[1], data[0])
        return value, [
            torch.mul(slope, o, out=w) if want else None for o, want, w in zip(others, wanted, out, strict=True)
        ]

    return ready.closed(mode, whole, rule, native=few, least=ready.FEW)


@_computes("embedding.hinge_embedding", MEAN, SUM)
def _hinge_embedding(mode: int, whole: Callable[..., Tensor], *, margin: float) -> Kernel:
    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        (distance, label) = data
        (kind, one) = (distance.dtype, number(1.0, distance.dtype))
        (apart, near) = (torch.ne(label, side, out=torch.empty_like(label)) for side in (one, number(-1.0, kind)))
        lack = number(margin, kind) - distance
        inside = _reached(lack).mul_(apart)
        value = finite(lack.mul_(inside).addcmul_(distance, near).sum())
        slope = torch.mul(near.sub_(inside), number(scale, kind), out=out[0]) if wanted[0] else None
        return value, [slope, torch.zeros_like(label) if wanted[1] else None]

    return ready.closed(mode, whole, rule)


@_computes("embedding.margin_ranking", MEAN, SUM)
def _margin_ranking(mode: int, whole: Callable[..., Tensor], *, margin: float) -> Kernel:
    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        (first, second, label) = data
        lead = first - second
        lack = torch.addcmul(number(margin, lead.dtype), label, lead, value=-1)
        slope = _reached(lack).mul_(number(scale, lack.dtype))
        value = finite(lack.clamp_min_(0).sum())
        of_label = torch.mul(lead, -slope, out=out[2]) if wanted[2] else None
        of_second = torch.mul(label, slope, out=out[1]) if wanted[1] else None
        of_first = None
        if wanted[0]:
            of_first = (
                torch.mul(label, slope.neg_(), out=out[0]) if of_second is None else torch.neg(of_second, out=out[0])
            )
        return value, [of_first, of_second, of_label]

    return ready.closed(mode, whole, rule)


@_computes("cross_entropy.class_terms")
def _class_terms(
    mode: int, whole: Callable[..., Tensor], *, ignore_index: int, smoothing: float, log_probabilities: bool
) -> Kernel | None:
    if smoothing:
        return None
    function = _nn.nll_loss_nd if log_probabilities else _nn.cross_entropy_loss

    def kernel(scores: Tensor, label: Tensor, weight: Tensor | None = None) -> Tensor | None:
        if not scores.is_cpu or (weight is not None and weight.requires_grad):
            return None
        value = ready.unless_refused(function, scores, label, weight, mode, ignore_index)
        if mode == MEAN and value is not None and (mean := value.item()) != mean:
            return None  # perhaps the mean of nothing, of which is warned
        return value

    def native(scores: Tensor, label: Tensor) -> Tensor:
        return _nn.cross_entropy_loss(scores, label, None, mode, -100, 0.0)

    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        (scores, own) = (data[0], data[1].unsqueeze(1))
        share = torch.softmax(scores, 1, out=out[0])
        value = finite(_log_sum(scores, share).sub_(scores.gather(1, own)).sum())
        if not wanted[0]:
            return value, [None, None]
        share.scatter_(1, own, share.gather(1, own).sub_(number(1.0, share.dtype)))
        return value, [share.mul_(number(scale, share.dtype)), None]

    at_once = ready.closed(mode, native, rule, samples=True)

    def by_size(scores: Tensor, label: Tensor, weight: Tensor | None = None) -> Tensor | None:
        if scores.numel() >= ready.MANY and scores.dim() == 2 and weight is None and scores.is_cpu:
            classes = scores.size(1)
            if _holds_classes(label, classes) and not 0 <= ignore_index < classes:
                return at_once(scores, label)
        return kernel(scores, label, weight)

    return kernel if mode == NONE or log_probabilities else by_size


@_computes("cross_entropy.soft_cross_entropy", MEAN, SUM)
def _soft_cross_entropy(mode: int, whole: Callable[..., Tensor], *, smoothing: float) -> Kernel | None:
    if smoothing:
        return None

    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        (logits, target) = data
        if wanted[1]:
            raise RefusedError
        share = torch.softmax(logits, 1)
        log_p = logits - _log_sum(logits, share)
        # A class of logit -inf and probability 0 makes it NaN, and nothing else is computed otherwise.
        value = finite(log_p.mul_(target).sum().neg_())
        if not wanted[0]:
            return value, [None, None]
        share.mul_(target.sum(1, keepdim=True).mul_(number(scale, target.dtype)))
        return value, [torch.sub(share, target, alpha=scale, out=out[0]), None]

    def native(scores: Tensor, target: Tensor) -> Tensor | None:
        if target.requires_grad or not scores.is_cpu:
            return None
        value = _nn.cross_entropy_loss(scores, target, None, mode, -100, 0.0)
        return value if abs(value.item()) < float("inf") else None

    return ready.closed(mode, whole, rule, samples=True, native=native, least=ready.MANY)


def _log_sum(logits: Tensor, share: Tensor) -> Tensor:
    """The logarithm of the sum of e^x of each row, from its `share`, the softmax: max x - log max p."""
    return logits.amax(1, keepdim=True).sub_(share.amax(1, keepdim=True).log_())


@_computes("embedding.triplet_of_rows", MEAN, SUM)
def _triplet_of_rows(
    mode: int, whole: Callable[..., Tensor], *, loss: str, margin: float, p: float, eps: float, swap: bool
) -> Kernel | None:
    if p != 2 or swap:
        return None

    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        (anchor, positive, negative) = data
        (near, far) = ((anchor - other).add_(number(eps, other.dtype)) for other in (positive, negative))
        (small, large) = (torch.linalg.vector_norm(one, 2, 1, True) for one in (near, far))
        lack = (small - large).add_(number(margin, large.dtype))
        if not min(small.min().item(), large.min().item()) > 0:  # a norm of 0 has gradient 0
            raise RefusedError
        factor = _reached(lack).mul_(number(scale, lack.dtype))
        value = lack.clamp_min_(0).sum()
        (pull, push) = (near.mul_(factor / small), far.mul_(factor / large))
        return value, [
            torch.sub(pull, push, out=out[0]) if wanted[0] else None,
            torch.neg(pull, out=out[1]) if wanted[1] else None,
            push if wanted[2] else None,
        ]

    return ready.closed(mode, whole, rule, samples=True)


@_computes("embedding.cosine_of_rows", MEAN, SUM)
def _cosine_of_rows(mode: int, whole: Callable[..., Tensor], *, margin: float, epsilon: float) -> Kernel | None:
    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        (first, second, label) = data
        if wanted[2]:
            raise RefusedError
        roots = [one.square().sum(1, keepdim=True).add_(number(epsilon, one.dtype)).rsqrt_() for one in (first, second)]
        (x, y) = (first * roots[0], second * roots[1])
        cosine = (x * y).sum(1, keepdim=True)
        (kind, one) = (x.dtype, number(1.0, x.dtype))
        sign = label.unsqueeze(1).to(kind)
        (alike, unlike) = (torch.eq(sign, side, out=torch.empty_like(cosine)) for side in (one, number(-1.0, kind)))
        beyond = cosine - number(margin, kind)
        unlike.mul_(_reached(beyond))
        value = finite((one - cosine).mul_(alike).addcmul_(beyond, unlike).sum())
        slope = unlike.sub_(alike).mul_(number(scale, kind))
        slopes: Slopes = [None, None, None]
        for i, (one, other) in enumerate(((x, y), (y, x))):
            if wanted[i]:  # of the cosine: (y - x cosine) / |x|
                slopes[i] = torch.mul(torch.addcmul(other, one, cosine, value=-1), slope * roots[i], out=out[i])
        return value, slopes

    return ready.closed(mode, whole, rule, samples=True)


# --- of class numbers ---------------------------------------------------------------------------------------------------------------------


def _scalar_kernel(whole: Callable[..., Tensor], function: Callable[[Tensor, Tensor], Tensor]) -> Kernel:
    """The kernel of scores and class numbers by torch's loop over the elements, which passes over NaN."""

    def kernel(pred: Tensor, label: Tensor) -> Tensor | None:
        if not pred.is_cpu or not pred.numel() or label.dtype != torch.int64 or pred.numel() > 1 << 14:
            return None
        if not torch.equal(pred, pred):
            return None
        value = ready.unless_refused(function, pred, label)
        return None if value is None else ready.differentiable_twice(whole, value, pred, label)

    return kernel


@_computes("margin.multi_margin", MEAN, SUM)
def _multi_margin(mode: int, whole: Callable[..., Tensor], *, p: float, margin: float) -> Kernel:
    def native(pred: Tensor, label: Tensor) -> Tensor:
        return _nn.multi_margin_loss(pred, label, p, margin, None, mode)

    def rule(data: Any, wanted: Any, scale: float, out: Any) -> tuple[Tensor, Slopes]:
        (pred, label) = data
        classes = pred.size(1)
        if not _holds_classes(label, classes):
            raise RefusedError
        own = label.unsqueeze(1)
        lack = torch.add(pred, margin - pred.gather(1, own), out=out[0]).clamp_min_(0).scatter_(1, own, 0.0)
        value = (lack.sum() if p == 1 else lack.square().sum()).div_(classes)
        if not wanted[0]:
            return finite(value), [None, None]
        slope = lack.sign_() if p == 1 else lack
        slope.scatter_(1, own, slope.sum(1, keepdim=True).neg_())
        return finite(value), [slope.mul_(number(p * scale / classes, pred.dtype)), None]

    return ready.closed(mode, whole, rule, samples=True, native=_scalar_kernel(whole, native), least=ready.FEW)


def _holds_classes(label: Tensor, classes: int) -> bool:
    (low, high) = torch.aminmax(label)
    return bool(label.dtype == torch.int64 and low.item() >= 0 and high.item() < classes)


@_computes("margin.multilabel_margin", MEAN, SUM)
def _multilabel_margin(mode: int, whole: Callable[..., Tensor]) -> Kernel:
    def native(pred: Tensor, label: Tensor) -> Tensor:
        return _nn.multilabel_margin_loss(pred, label, mode)

    return _scalar_kernel(whole, native)


@_computes("adaptive.adaptive_linear_cross_entropy", NONE)
def _adaptive_linear_cross_entropy(mode: int, whole: Callable[..., Tensor], *, cutoffs: Sequence[int]) -> Kernel:
    """Each cluster for the rows with a class of its own."""

    def kernel(data: Tensor, label: Tensor, head: Tensor, *rest: Tensor) -> Tensor:
        biased = len(rest) % 2
        place = label
        parts = []
        for i, (inner, outer) in enumerate(zip(rest[biased::2], rest[biased + 1 :: 2], strict=True)):
            inside = label >= cutoffs[i]
            if i + 1 < len(cutoffs):
                inside.logical_and_(label < cutoffs[i + 1])
            rows = inside.nonzero().squeeze(1)
            place = place.index_fill(0, rows, cutoffs[0] + i)
            scores = _nn.linear(_nn.linear(data.index_select(0, rows), inner), outer)
            parts.append((rows, _each_cross_entropy(scores, label.index_select(0, rows) - cutoffs[i])))
        loss = _each_cross_entropy(_nn.linear(data, head, rest[0] if biased else None), place)
        for rows, part in parts:
            loss = loss.index_add(0, rows, part)
        return loss

    return kernel


def _each_cross_entropy(scores: Tensor, label: Tensor) -> Tensor:
    return _nn.cross_entropy_loss(scores, label, None, NONE, -100, 0.0)


@_computes("sequence._of_sequences", MEAN, SUM)
def _of_sequences(
    mode: int, whole: Callable[..., Tensor], *, blank: int, zero_infinity: bool, by_length: bool
) -> Kernel | None:
    """CTC. torch's gradient is NaN for an alignment that cannot exist and for a class of probability 0, and wrong for blank targets."""
    if zero_infinity or by_length != (mode == MEAN):
        return None

    def at_once(wanted: bool, samples: int, *data: Tensor) -> tuple[Tensor, Tensor | None]:
        (log_prob, targets, frames, lengths) = data
        each = lengths.double()
        each = torch.ones_like(each) if mode == SUM else number(1 / samples, each.dtype) / each
        found: tuple[Tensor, Tensor | None] | None = None
        if lengths.numel() * targets.size(1) >= _MANY_LABELS:
            found = _by_powers(each, *data, blank=blank)
        if found is None:
            given = (log_prob.double(), targets, frames, lengths)  # in float32 torch's posteriors lose digits
            (loss, alpha) = torch._ctc_loss(*given, blank)
            slope = _aten._ctc_loss_backward.Tensor(each, *given, loss, alpha, blank) if wanted else None
            found = (loss, slope)
        return finite(torch.dot(found[0], each)), found[1]

    def compute(data: Sequence[Tensor], wanted: Sequence[bool]) -> tuple[Tensor, Slopes]:
        (log_prob, targets, frames, lengths) = data
        (samples, dtype) = (log_prob.size(1), log_prob.dtype)
        if targets.dim() == 1:
            targets = _in_rows(targets, lengths)
        elements = log_prob.numel() + 4 * log_prob.size(0) * targets.numel()
        step = -(-samples // min(-(-elements // ready.BLOCK), _PARTS))
        if step == samples:
            (value, slope) = at_once(wanted[0], samples, log_prob, targets, frames, lengths)
            return value.to(dtype), [slope if slope is None else slope.to(dtype), None, None, None]
        slopes = torch.empty_like(log_prob) if wanted[0] else None
        total = 0.0
        for begin in range(0, samples, step):
            part = slice(begin, begin + step)
            given = (log_prob[:, part], targets[part], frames[part], lengths[part])
            (value, slope) = at_once(wanted[0], samples, *given)
            total += value.item()
            if slopes is not None:
                slopes[:, part] = slope
        return torch.tensor(total, dtype=dtype, device="cpu"), [slopes, None, None, None]

    def kernel(log_prob: Tensor, *fixed: Tensor) -> Tensor | None:
        (targets, frames, lengths) = fixed
        if not all(one.is_cpu and one.numel() for one in (log_prob, *fixed)) or {one.dtype for one in fixed} - _INDICES:
            return None
        (low, high) = torch.aminmax(targets)
        # torch checks no class, and the rows of targets may hold anything behind their ends.
        if (
            low.item() < 0
            or high.item() >= log_prob.size(2)
            or (low.item() <= blank and bool((targets == blank).any()))
        ):
            return None
        if min(frames.min().item(), lengths.min().item()) < 1 or not log_prob.detach().min().item() > -float("inf"):
            return None
        return ready.unless_refused(ready.computed, whole, compute, (log_prob, *fixed))

    return kernel


_INDICES = {torch.int64, torch.int32}

_MANY_LABELS = 128
"""Of a batch: from how many on the sum over all alignments is quicker by NumPy, a frame of all samples at a time, than by torch."""

_PARTS = 4
"""Into how many a batch is split at most: float64 in four parts needs no more memory than float32 at once."""


def _in_rows(targets: Tensor, lengths: Tensor) -> Tensor:
    """Concatenated targets one below the other, filled with some target or other."""
    ends = lengths.cumsum(0)
    if ends[-1] != targets.numel():
        raise RefusedError
    place = (ends - lengths).unsqueeze(1) + torch.arange(int(lengths.max()))
    return targets[place.clamp_(max=targets.numel() - 1)]


def _by_powers(
    each: Tensor, log_prob: Tensor, targets: Tensor, frames: Tensor, lengths: Tensor, *, blank: int
) -> tuple[Tensor, Tensor] | None:
    """The losses, and the gradients of their sum with the weights `each`: ``p`` less the share of each class in all alignments."""
    (total, width) = (log_prob.size(0), int(lengths.max()))
    if frames.max() > total or width > targets.size(1):
        raise RefusedError
    power = log_prob.to(torch.float64, copy=True, memory_format=torch.contiguous_format).exp_()
    state = ctc_posteriors.states(targets[:, :width].numpy(), blank)
    found = ctc_posteriors.posteriors(power.numpy(), state, frames.numpy(), lengths.numpy())
    if found is None:
        return None
    (loss, share) = map(torch.from_numpy, found)
    place = torch.from_numpy(state).T.expand(total, -1, -1)
    slope = power.scatter_add_(2, place, share.transpose(1, 2).neg_()).mul_(each.unsqueeze(1))
    slope.masked_fill_((torch.arange(total).unsqueeze(1) >= frames).unsqueeze(2), 0)
    return loss, slope
