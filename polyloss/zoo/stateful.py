"""Losses that compare with a memory of what was seen before: centers of classes, tables of identities."""

from __future__ import annotations

from functools import partial

from polyloss import calls, checks
from polyloss.formulas import memory as formulas
from polyloss.opset import OpSet, Tensor, UnsupportedError
from polyloss.zoo.base import class_numbers, opened, reduced, shape_of
from polyloss.zoo.state import State, stateful

ORDERS = ("sequential", "mean")


def _batch(
    loss: str, x: Tensor, label: Tensor, state: State, names: tuple[str, ...]
) -> tuple[OpSet, Tensor, list[Tensor], str | None]:
    """The op set, `x` widened, the tables of the state in its dtype, and the dtype of the result.

    The tables have rows like those of x, whose dtype may be another: that of the state of a half precision batch is float32.
    """
    for name in names:
        if name not in state:
            raise ValueError(
                f"{loss}: the state has {', '.join(map(repr, state)) or 'nothing'}; accepted is one with {name!r}"
            )
    given = {name: state[name] for name in names}
    (F, (wide, _, *tables), dtype) = opened(loss, exact=("label", *names), x=x, label=label, **given)
    checks.shaped(F, loss, "x", x, [(None, None)], "vectors in rows")
    class_numbers(F, loss, "label", label)
    (rows, width) = F.shape(x) or (None, None)
    checks.shaped(F, loss, "label", label, [(rows,)], "a class number for each row of x")
    for name, table in given.items():
        if name != "head":
            checks.floating(F, loss, name, table)
            checks.shaped(F, loss, name, table, [(None, width)], "rows like those of x")
    return (
        F,
        wide,
        [one if name == "head" else F.cast_like(one, wide) for name, one in zip(names, tables, strict=True)],
        dtype,
    )


def _rows_of(F: OpSet, loss: str, name: str, table: Tensor) -> int:
    """The number of rows of a table.

    Raises:
        UnsupportedError: it is not known.
    """
    (rows, *_) = shape_of(F, loss, name, table)
    if rows is None:
        raise UnsupportedError(f"{loss} on {F.name}: the sizes of {name} must be known while tracing")
    return rows


def _below(F: OpSet, loss: str, label: Tensor, table: Tensor) -> None:
    """Raise ValueError if a label that can be read is not below the number of rows of the table."""
    classes = (F.shape(table) or (None,))[0]
    if classes is not None and calls.anywhere(F, label, partial(F.broadcast_greater, label, classes - 1)):
        raise ValueError(
            f"{loss}: a label is {classes} or above; accepted are class numbers below {classes}, the rows of the state"
        )


def _blank(F: OpSet, loss: str, x: Tensor, name: str, rows: int) -> Tensor:
    """Zeros (rows, D) like the vectors of `x`."""
    if not isinstance(rows, int) or rows < 1:
        raise ValueError(f"{loss}: {name}={rows!r} must be a whole number above 0")
    width = shape_of(F, loss, "x", x)[1] or 0
    place = F.sum(F.zeros_like(F.stop_gradient(x)), axis=(0, 1), keepdims=True)
    place = F.reshape(place, (1,))
    dtype = F.dtype(F.widen(x)) or "float32"
    return F.reshape(F.one_hot(place, rows * width, on_value=0.0, dtype=dtype), (rows, width))


def center(
    x: Tensor, label: Tensor, state: State, *, half: bool = True, learnable: bool = False, reduction: str = "mean"
) -> Tensor:
    r"""The center loss: every vector is pulled to the center of its class, which the memory keeps.

    .. math:: \ell = \operatorname{mean}_i\; \tfrac12 \lVert x_i - c_{y_i} \rVert^2

    and after the batch, with :math:`n_j` rows of class j and the rate :math:`\alpha`,

    .. math:: c_j \leftarrow c_j - \alpha \frac{\sum_{y_i = j} (c_j - x_i)}{1 + n_j}

    Use: beside a cross entropy, times 0.003 or so, to make the vectors of each class compact: faces, re-identification.

    Elsewhere: the paper has the sum (``reduction="sum"``). A widely copied snippet leaves out the factor 1/2 (``half=False``) and trains
    the centers by gradient (``learnable=True``), which moves them otherwise than the rule above; and it computes
    ``|x|^2 + |c|^2 - 2 x.c``, which for near vectors of length 1e3 gives -1 in float32.

    State: ``{"centers": (C, D)}``: `center_init`, `center_update`; `Stateful` says how they fit together, `Memory` holds it for you.

    Args:
        x: vectors in rows (N, D).
        label: class numbers (N,) in any integer dtype; a row with one below 0 is ignored.
        state: the centers, in any floating dtype.
        half: whether the factor 1/2 is there.
        learnable: whether the centers are an argument like another, with a gradient.
        reduction: ``none`` (N,), 0 for an ignored row; ``mean`` over the rows that are not ignored, or ``sum``.

    Returns:
        The loss in the dtype of `x`; 0 where all rows are ignored. The state is a constant for the gradient, unless `learnable`.

    Raises:
        ValueError: the shapes do not fit, a label (that can be read) is C or above, or there is no such reduction.
        TypeError: `x` or the state is not floating, or `label` no integers.

    Source: Wen et al., A Discriminative Feature Learning Approach for Deep Face Recognition, ECCV 2016, equations 2 and 4.

    >>> import numpy as np
    >>> state = {"centers": np.array([[0.0, 0.0], [1.0, 1.0]])}
    >>> center(np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([0, 1]), state, reduction="none")
    array([2.5, 2. ])
    """
    loss = "center"
    (F, x, (centers,), dtype) = _batch(loss, x, label, state, ("centers",))
    _below(F, loss, label, centers)
    (values, counted) = formulas.center(F, x, label, centers if learnable else F.stop_gradient(centers))
    return reduced(F, loss, 0.5 * values if half else values, reduction, dtype, count=F.sum(counted))


def center_init(x: Tensor, *, classes: int = 2) -> dict[str, Tensor]:
    """The first state of `center` for vectors (N, D) like those of `x`: all centers at 0."""
    (F, _, _) = opened("center_init", x=x)
    return {"centers": _blank(F, "center_init", x, "classes", classes)}


def center_update(x: Tensor, label: Tensor, state: State, *, rate: float = 0.5) -> dict[str, Tensor]:
    """The state of `center` after a batch: each center of a class in the batch moved toward the mean of its rows.

    Args:
        x, label, state: as in `center`.
        rate: how far, from 0 to 1.
    """
    loss = "center_update"
    (F, wide, (centers,), _) = _batch(loss, x, label, state, ("centers",))
    checks.number(loss, "rate", rate)
    _below(F, loss, label, centers)
    new = formulas.center_update(F, F.stop_gradient(wide), label, F.stop_gradient(centers), rate=rate)
    return {"centers": F.cast_like(new, state["centers"])}


def oim(
    x: Tensor,
    label: Tensor,
    state: State,
    *,
    temperature: float = 0.1,
    mask_empty: bool = False,
    reduction: str = "mean",
) -> Tensor:
    r"""The online instance matching loss: a person is to match the memory of its identity, out of all identities and strangers.

    .. math:: \ell = \operatorname{mean}_i\; -\log \frac{e^{\hat x_i \cdot v_{y_i} / \tau}}
        {\sum_{j=1}^C e^{\hat x_i \cdot v_j / \tau} + \sum_{k=1}^Q e^{\hat x_i \cdot u_k / \tau}}, \quad \hat x = x / \lVert x \rVert

    over the rows with an identity; and after the batch, row after row, :math:`v_y \leftarrow \gamma v_y + (1 - \gamma) \hat x`, made a unit
    vector, while the rows without an identity enter the circular queue of strangers u.

    Use: person search and re-identification, with thousands of identities and few pictures of each; there is no classifier to train.

    Elsewhere: implementations multiply by a scalar, 10 or 30, in place of dividing by the temperature, and mark strangers by a magic
    number such as 5554 (``unlabelled=5554``). An early public one has neither queue nor unit vectors. Code that updates its table inside
    the backward pass updates twice if that runs twice.

    State: ``{"lut": (C, D), "queue": (Q, D), "head": (1,)}``: `oim_init`, `oim_update`; `Stateful` says how they fit together, `Memory`
    holds it for you.

    Args:
        x: vectors in rows (N, D), of any length: they are normalised here.
        label: identities (N,) in any integer dtype; a row with none of 0 to C - 1 has no loss.
        state: the tables, in any floating dtype.
        temperature: tau, above 0.
        mask_empty: whether rows of the tables that still are 0 are left out of the sums; as printed they are candidates like any.
        reduction: ``none`` (N,), 0 for a row without an identity; ``mean`` over the rows that have one, or ``sum``.

    Returns:
        The loss in the dtype of `x`; 0 where no row has an identity. The state is a constant for the gradient. The zero vector has
        gradient 0.

    Raises:
        ValueError: the shapes do not fit, the temperature is not above 0, or there is no such reduction.
        TypeError: `x` or the state is not floating, or `label` no integers.

    Source: Xiao et al., Joint Detection and Identification Feature Learning for Person Search, CVPR 2017.

    >>> import numpy as np
    >>> state = {"lut": np.eye(2), "queue": np.array([[0.6, 0.8]]), "head": np.array([0])}
    >>> print(oim(np.array([[2.0, 0.0], [1.0, 1.0]]), np.array([0, -1]), state, temperature=1.0).round(4))
    0.7121
    """
    loss = "oim"
    (F, wide, (lut, queue), dtype) = _batch(loss, x, label, state, ("lut", "queue"))
    checks.number(loss, "temperature", temperature)
    checks.positive(loss, "temperature", temperature)
    tables = (F.stop_gradient(one) for one in (lut, queue))
    (values, counted) = formulas.oim(F, wide, label, *tables, temperature=temperature, mask_empty=mask_empty)
    return reduced(F, loss, values, reduction, dtype, count=F.sum(counted))


def oim_init(x: Tensor, *, classes: int = 2, queue: int = 5000) -> dict[str, Tensor]:
    """The first state of `oim` for vectors (N, D) like those of `x`: a table of `classes` rows and a queue of `queue`, all 0."""
    (F, _, _) = opened("oim_init", x=x)
    tables = {"lut": _blank(F, "oim_init", x, "classes", classes), "queue": _blank(F, "oim_init", x, "queue", queue)}
    start = F.slice_axis(F.slice_axis(tables["queue"], axis=0, begin=0, end=1), axis=1, begin=0, end=1)
    return {**tables, "head": F.cast(F.reshape(start, (1,)), "int32")}


def oim_update(
    x: Tensor, label: Tensor, state: State, *, momentum: float = 0.5, unlabelled: int = -1, order: str = "sequential"
) -> dict[str, Tensor]:
    """The state of `oim` after a batch: the rows of its identities moved, and its strangers in the queue.

    Args:
        x, label, state: as in `oim`.
        momentum: gamma: how much of the old row stays.
        unlabelled: the label of a stranger; a row with any other that is no identity (background) changes nothing.
        order: ``sequential``, row after row, as printed, a loop over the batch; or ``mean``, one step for each identity with the mean of
            its rows.

    Of more strangers than the queue has places, the last stay. The sizes of the state have to be known: a symbol has none.
    """
    loss = "oim_update"
    (F, wide, (lut, queue, head), _) = _batch(loss, x, label, state, ("lut", "queue", "head"))
    checks.number(loss, "momentum", momentum)
    checks.one_of(loss, "order", order, ORDERS)
    (classes, size) = (_rows_of(F, loss, name, table) for name, table in (("lut", lut), ("queue", queue)))
    if 0 <= unlabelled < classes:
        raise ValueError(
            f"{loss}: unlabelled={unlabelled!r} is one of the {classes} identities; accepted is any other number"
        )
    (wide, lut, queue) = (F.stop_gradient(one) for one in (wide, lut, queue))
    table = formulas.oim_lut(F, wide, label, lut, classes=classes, momentum=momentum, together=order == "mean")
    pushed = F.broadcast_equal(F.cast(label, "float32"), float(unlabelled))
    (places, place) = formulas.oim_queue(F, wide, pushed, queue, head, size=size)
    return {"lut": F.cast_like(table, state["lut"]), "queue": F.cast_like(places, state["queue"]), "head": place}


Center = stateful(center, center_init, center_update)
OIM = stateful(oim, oim_init, oim_update, name="OIM")
