"""Losses that hold parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from polyloss import calls, checks
from polyloss.formulas import adaptive
from polyloss.opset import INTEGERS, OpSet, Tensor, UnsupportedError
from polyloss.torch.nn import base, functional, layers, plans
from polyloss.torch.nn.functional.linear import rows_of


class _ASMoutput(NamedTuple):
    """What `AdaptiveLogSoftmaxWithLoss` returns."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(layers.ParametricLoss):
    r"""Adaptive softmax: classes sorted by frequency, the rare ones in clusters of ever smaller features.

    :math:`\log p(c \mid x) = \log \sigma(A_0 x)_c` for classes c below :math:`k_1`, the first cutoff, and for those of cluster i, from
    :math:`k_i` to :math:`k_{i+1} - 1`, :math:`\log \sigma(A_0 x)_{k_1 + i - 1} + \log \sigma(B_i A_i x)_{c - k_i}`, with the softmax
    :math:`\sigma`; the loss is the mean of :math:`-\log p(y_n \mid x_n)`.

    Args:
        in_features: H, the size of a row of the input.
        n_classes: C, the number of classes.
        cutoffs: :math:`k_1 < k_2 < \dots`, whole numbers from 1 to C - 1.
        div_value: cluster i has :math:`\lfloor H / \text{div\_value}^i \rfloor` features.
        head_bias: whether the head has a bias.
        device, dtype: of the parameters: a device of the framework, and a dtype of it or NumPy's name of one (default: float32).
        framework: whose tensors the parameters are: ``torch`` if it is imported, else the one framework that is.

    Call: ``(input_, target_)`` of shapes (N, H) and (N,), or (H,) and (), classes in [0, C). Returns a named tuple: `output`, the
    log probabilities of the targets, shape (N,) or (), and `loss`, shape (). Every cluster is computed for every row, and the one that
    counts is selected; where torch runs eagerly a cluster is computed for the rows of its classes alone, as torch's own loss always does
    it, which makes shapes depend on values. The parameters ``head.weight``, ``head.bias`` if any, ``tail.0.0.weight``,
    ``tail.0.1.weight``, ... are drawn and named as torch does it.

    Raises ValueError for cutoffs, shapes, and classes out of range where they can be read; under a tracer such a class gives NaN.

    Source: ``torch.nn.AdaptiveLogSoftmaxWithLoss``, torch 2.13; Grave et al., Efficient softmax approximation for GPUs, 2017. Keras and
    Gluon have no such loss.

    >>> import numpy as np
    >>> loss = AdaptiveLogSoftmaxWithLoss(4, 6, [2, 4], div_value=2, framework="numpy")
    >>> zero = {name: np.zeros_like(value) for name, value in loss.named_parameters()}
    >>> output, mean = loss.with_parameters(zero)(np.ones((2, 4), "float32"), np.array([0, 5]))
    >>> print(output.round(4), mean.round(4))  # log 1/4, and log 1/4 + log 1/2
    [-1.3863 -2.0794] 1.7329
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        framework: str | None = None,
    ) -> None:
        name = type(self).__name__
        super().__init__()
        del self.reduction  # torch's has none
        _check_cutoffs(name, cutoffs, n_classes)
        self.framework = layers.chosen(name, framework)
        (self.in_features, self.n_classes) = (in_features, n_classes)
        self.cutoffs = [*cutoffs, n_classes]
        (self.div_value, self.head_bias) = (div_value, head_bias)
        (self.shortlist_size, self.n_clusters) = (self.cutoffs[0], len(cutoffs))
        self.head_size = self.shortlist_size + self.n_clusters
        kind = None if dtype is None else checks.dtype_name(name, dtype)

        def linear(path: str, inner: int, outer: int, bias: bool = False) -> Any:
            return layers.linear(self.framework, path, inner, outer, bias, device, kind)

        self.head = linear("head", in_features, self.head_size, head_bias)
        tail = []
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            size = int(in_features // div_value ** (i + 1))
            tail.append([linear(f"tail.{i}.0", in_features, size), linear(f"tail.{i}.1", size, high - low)])
        self.tail = layers.groups(self.framework, tail)

    def _layers(self) -> Mapping[str, Any]:
        found = {"head": self.head}
        for i in range(self.n_clusters):
            found |= {f"tail.{i}.0": self.tail[i][0], f"tail.{i}.1": self.tail[i][1]}
        return found

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        for layer in self._layers().values():
            layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        """The log probabilities of the targets, and minus their mean."""
        name = type(self).__name__
        (F, tensors) = self._owned(input_, target_=target_)
        if F.dtype(target_) not in (*INTEGERS, None):
            raise TypeError(
                f"{name}: target_ has dtype {F.dtype(target_)}; accepted are classes in {', '.join(INTEGERS)}"
            )
        shape = F.shape(input_)
        single = shape is not None and len(shape) == 1
        if shape is not None:
            checks.shaped(
                F,
                name,
                "input_",
                input_,
                [(None, self.in_features), (self.in_features,)],
                "rows of in_features numbers",
            )
            checks.shaped(F, name, "target_", target_, [shape[:-1]], "one class a row of input_")
        (x, label) = (F.widen(input_), target_)
        if single:
            (x, label) = (F.expand_dims(x, axis=0), F.expand_dims(label, axis=0))
        number = F.cast(label, "int64") if F.dtype(label) in INTEGERS else label

        def outside() -> Tensor:
            return F.where(number < 0, 1, F.where(number >= self.n_classes, 1, F.zeros_like(number)))

        if found := calls.anywhere(F, label, outside):
            raise ValueError(f"{name}: target_ has elements outside [0, {self.n_classes - 1}], which are no classes")
        formula = partial(adaptive.adaptive_linear_cross_entropy, cutoffs=self.cutoffs[:-1])
        given = (x, number, *tensors)
        loss = None if found is None else plans.by_kernel(F, formula, given, "none")
        if loss is None:
            loss = formula(F, *given)
        if found is None:
            loss = F.where(number < 0, float("nan"), F.where(number >= self.n_classes, float("nan"), loss))
        dtype = F.autocast_dtype(input_)
        output = base.reduced(F, -loss, "sum" if single else "none", dtype)
        return _ASMoutput(output, base.reduced(F, loss, "mean", dtype))

    def log_prob(self, input: Tensor) -> Tensor:
        """The log probabilities of all classes, shape (N, C), for an input of shape (N, H)."""
        (F, loss) = self._all(input)
        dtype = F.autocast_dtype(input)
        return loss if dtype is None or dtype == F.dtype(loss) else F.cast(loss, dtype)

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row, the first of several, shape (N,), int64, for an input of shape (N, H)."""
        (F, log_p) = self._all(input)
        return F.cast(adaptive.first_of_largest(F, log_p), "int64")

    def _all(self, input: Tensor) -> tuple[OpSet, Tensor]:
        (F, tensors) = self._owned(input)
        checks.shaped(F, type(self).__name__, "input", input, [(None, self.in_features)], "rows of in_features numbers")
        (head, clusters) = adaptive.adaptive_scores(F, F.widen(input), tensors)
        return F, adaptive.adaptive_log_softmax(F, head, clusters, shortlist=self.shortlist_size)

    def _owned(self, input: Tensor, **others: Tensor) -> tuple[OpSet, list[Tensor]]:
        """The op set of input, others and parameters, and the parameters, widened."""
        name = type(self).__name__
        given: dict[str, Tensor] = {}
        for path, layer in self._layers().items():
            (given[f"{path}.weight"], bias) = self._tensors(path, layer, input)
            given |= {} if bias is None else {f"{path}.bias": bias}
        F = calls.owner(name, input=input, **others, **given)
        return F, [base.widened(F, name, path, tensor, "input", input) for path, tensor in given.items()]

    def __repr__(self) -> str:
        return layers.tree(type(self).__name__, "", {"head": self.head, "tail": self.tail})


def _check_cutoffs(name: str, cutoffs: Sequence[int], classes: int) -> None:
    given = list(cutoffs)
    whole = all(isinstance(one, int) or int(one) == one for one in given)
    if not given or not whole or given != sorted(set(given)) or given[0] < 1 or given[-1] > classes - 1:
        raise ValueError(
            f"{name}: cutoffs={given!r}; accepted are whole numbers, each above the one before, from 1 to n_classes - 1 = {classes - 1}"
        )


@dataclass(frozen=True, slots=True)
class LinearCrossEntropyOptions:
    """How `LinearCrossEntropyLoss` goes through the rows of its input.

    Args:
        batch_chunk_size: how many rows of logits are held at a time; None leaves it to polyloss, which never holds many more than
            four million.
        allow_retain_graph, chunking_method, acc_policy, acc_dtype: taken for the sake of torch, and of no influence: graphs may always
            be retained, and half precision is always added up in float32.

    Raises ValueError for a size that is no whole number above 0.

    Source: ``torch.nn.LinearCrossEntropyOptions``, torch 2.13, whose instances are accepted too.

    >>> LinearCrossEntropyOptions(batch_chunk_size=64).batch_chunk_size
    64
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        rows_of(self)


class LinearCrossEntropyLoss(layers.ParametricLoss):
    r"""Cross entropy of the logits that a linear layer of its own makes of the input; the logits of all rows are never held at once.

    :math:`\ell_n = \text{CE}(A x_n + b, y_n)` with the cross entropy of `CrossEntropyLoss`, its class weights, ignored labels, smoothing
    and reductions.

    Args:
        in_features: H, the size of a row of the input.
        num_classes: C.
        out_features: :math:`(d_1, \dots, d_K)`: as many losses a row.
        bias: whether the linear layer has the bias b.
        device, dtype: of the parameters: a device of the framework, and a dtype of it or NumPy's name of one (default: float32).
        reduction: see the module; the mean is weighted.
        weight: one weight a class, shape (C,), or None.
        ignore_index: a label that counts for nothing; None is -100 for classes, and the only value for probabilities.
        label_smoothing: how much of each target is spread over all classes, in [0, 1].
        options: an object with a `batch_chunk_size` (`LinearCrossEntropyOptions`, ours or torch's), or None.
        framework: whose tensors the parameters are: ``torch`` if it is imported, else the one framework that is.

    Call: ``(input, target)``: input (N, H), or (H,) where K = 0; target (N, d1, ..., dK) of classes, or (N, C, d1, ..., dK) of
    probabilities. Returns shape (), with ``none`` that of a target of classes. For classes, without smoothing and with K = 0, a chunk
    of the logits is held at a time, and its gradients are computed at once. Otherwise all logits are held; so they are under
    `torch.compile`, `torch.func` and `torch.autocast`, and on MXNet for symbols and for unreduced losses. Chunks have no forward-mode
    derivative on JAX. The parameters ``linear.weight`` (C d1 ... dK, H) and ``linear.bias`` are drawn and named as torch does it.

    Raises ValueError for shapes and options, and for classes out of range where they can be read; under a tracer such a class gives NaN.

    Source: ``torch.nn.LinearCrossEntropyLoss``, torch 2.13. Equal to `CrossEntropyLoss` behind ``torch.nn.Linear``. Keras and Gluon
    have no such loss.

    >>> import numpy as np
    >>> loss = LinearCrossEntropyLoss(2, 4, framework="numpy").with_parameters({"linear.weight": np.zeros((4, 2), "float32")})
    >>> print(loss(np.ones((3, 2), "float32"), np.array([0, 1, 2])).round(4))  # log 4
    1.3863
    """

    weight: Tensor | None

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
        framework: str | None = None,
    ) -> None:
        name = type(self).__name__
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise ValueError(
                f"{name}: weight has shape {tuple(weight.shape)}; accepted is ({num_classes},), one weight a class"
            )
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"{name}: label_smoothing={label_smoothing!r} is not in [0, 1]")
        super().__init__(reduction=reduction)
        self._store("weight", weight)
        self.framework = layers.chosen(name, framework)
        (self.num_classes, self.out_features) = (num_classes, out_features)
        (self.ignore_index, self.label_smoothing) = (ignore_index, label_smoothing)
        size = math.prod(out_features, start=num_classes)
        kind = None if dtype is None else checks.dtype_name(name, dtype)
        self.linear = layers.linear(self.framework, "linear", in_features, size, bias, device, kind)
        self.options = options

    def _layers(self) -> Mapping[str, Any]:
        return {"linear": self.linear}

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        (matrix, bias) = self._tensors("linear", self.linear, input)
        if self.out_features:
            F = calls.owner(type(self).__name__, input=input, linear_weight=matrix, linear_bias=bias)
            if F.shape(input) is None:
                raise UnsupportedError(
                    f"{type(self).__name__} on {F.name}: out_features take a rank, which a symbol does not have"
                )
            shape = (self.num_classes, *self.out_features)
            matrix = F.reshape(matrix, (*shape, self.linear.in_features))
            bias = None if bias is None else F.reshape(bias, shape)
        return functional.linear_cross_entropy(
            input,
            matrix,
            target,
            linear_bias=bias,
            weight=self._constant("weight", input),
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        """The options, as torch prints them."""
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features},"
            f" bias={self.linear.bias is not None}, reduction={self.reduction}, ignore_index={self.ignore_index},"
            f" label_smoothing={self.label_smoothing}, options={self.options}"
        )

    def __repr__(self) -> str:
        return layers.tree(type(self).__name__, self.extra_repr(), {"linear": self.linear})
