"""Every operation of the op set in NumPy float64, written from the contract alone: the truth that backends are held to."""

from functools import cache
from itertools import groupby, product

import numpy as np


def axes(axis, ndim, exclude):
    named = range(ndim) if axis is None else [i % ndim for i in ([axis] if isinstance(axis, int) else axis)]
    return tuple(i for i in range(ndim) if (i in named) != exclude)


def reduction(function):
    def reduce(data, axis=None, keepdims=False, exclude=False):
        return function(data, axis=axes(axis, data.ndim, exclude), keepdims=keepdims)

    return staticmethod(reduce)


def trapezoid(x, knee):
    """The integral from 0 to `x` of ``min(t, knee) / knee``: what smooth L1 and Huber losses are."""
    return np.where(x < knee, x * x / (2 * knee), x - knee / 2)


@cache
def alignments(frames, classes, blank, target):
    """All paths of `frames` classes that read as `target` once repeats are merged and blanks dropped."""
    paths = product(range(classes), repeat=frames)
    found = [path for path in paths if tuple(c for c, _ in groupby(path) if c != blank) == target]
    return np.array(found, int).reshape(len(found), frames)


class Reference:
    """An op set in form: a formula's `F`."""

    cast = staticmethod(lambda data, dtype: np.trunc(data) if dtype.startswith("int") else data)
    widen = stop_gradient = staticmethod(lambda data: data)
    undifferentiable = staticmethod(lambda data, message: data)
    cast_like = staticmethod(lambda lhs, rhs: np.trunc(lhs) if rhs.dtype.kind == "i" else lhs)

    reshape = staticmethod(lambda data, shape: data.reshape(shape))
    reshape_like = staticmethod(lambda lhs, rhs: lhs.reshape(rhs.shape))
    swapaxes = staticmethod(lambda data, dim1=0, dim2=0: data.swapaxes(dim1, dim2))
    expand_dims = staticmethod(np.expand_dims)
    broadcast_like = staticmethod(lambda lhs, rhs: np.broadcast_to(lhs, rhs.shape))
    concat = staticmethod(lambda *data, dim=1: np.concatenate(data, axis=dim))
    stack = staticmethod(lambda *data, axis=0: np.stack(data, axis=axis))
    slice_axis = staticmethod(
        lambda data, axis, begin, end: np.moveaxis(np.moveaxis(data, axis, 0)[begin:end], 0, axis)
    )

    flip = staticmethod(lambda data, axis: np.stack(list(np.moveaxis(data, axis, 0))[::-1], axis))

    zeros_like = staticmethod(lambda data: np.full(data.shape, 0.0))
    ones_like = staticmethod(lambda data: np.full(data.shape, 1.0))
    arange_like = staticmethod(lambda data, axis: np.arange(float(data.shape[axis])))
    eye_like = staticmethod(lambda data: np.eye(*data.shape))

    abs = staticmethod(np.abs)
    sign = staticmethod(np.sign)
    square = staticmethod(lambda data: data * data)
    sqrt = staticmethod(np.sqrt)
    rsqrt = staticmethod(lambda data: 1 / np.sqrt(data))
    exp = staticmethod(np.exp)
    log = staticmethod(np.log)
    log1p = staticmethod(np.log1p)
    arctan = staticmethod(lambda data: np.angle(1 + 1j * np.clip(data, -1e300, 1e300)))
    relu = staticmethod(lambda data: np.where(data < 0, 0.0, data))
    sigmoid = staticmethod(lambda data: np.exp(-np.logaddexp(0.0, -data)))
    softrelu = staticmethod(lambda data: np.logaddexp(0.0, data))
    clip = staticmethod(lambda data, a_min, a_max: np.where(data < a_min, a_min, np.where(data > a_max, a_max, data)))

    broadcast_add = staticmethod(np.add)
    broadcast_sub = staticmethod(np.subtract)
    broadcast_mul = staticmethod(np.multiply)
    broadcast_div = staticmethod(np.divide)
    broadcast_maximum = staticmethod(np.maximum)
    broadcast_minimum = staticmethod(np.minimum)
    broadcast_equal = staticmethod(lambda lhs, rhs: np.where(lhs == rhs, 1.0, 0.0))
    broadcast_greater = staticmethod(lambda lhs, rhs: np.where(lhs > rhs, 1.0, 0.0))
    where = staticmethod(lambda condition, x, y: np.where(condition != 0, x, y))

    sum = reduction(np.sum)
    mean = reduction(np.mean)
    max = reduction(np.max)
    min = reduction(np.min)
    norm = reduction(lambda data, **how: np.sqrt(np.sum(data * data, **how)))

    @staticmethod
    def one_hot(indices, depth, on_value=1.0, off_value=0.0, dtype="float32"):
        hot = np.trunc(indices)[..., None] == np.arange(depth)
        return np.where(hot, on_value, off_value)

    @staticmethod
    def softmax(data, axis=-1):
        weight = np.exp(data - data.max(axis, keepdims=True))
        return weight / weight.sum(axis, keepdims=True)

    @staticmethod
    def log_softmax(data, axis=-1):
        shifted = data - data.max(axis, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))

    @staticmethod
    def pick(data, index, axis=-1, keepdims=False):
        rows = np.moveaxis(data, axis, -1)
        flat = np.asarray(index, float).reshape(-1)
        flat = [0 if np.isnan(i) else int(np.trunc(min(max(i, 0), rows.shape[-1] - 1))) for i in flat]
        picked = np.array([row[i] for row, i in zip(rows.reshape(-1, rows.shape[-1]), flat, strict=True)])
        picked = picked.reshape(rows.shape[:-1])
        return np.expand_dims(picked, axis) if keepdims else picked

    @staticmethod
    def take(data, indices):
        flat = [0 if np.isnan(i) else int(np.trunc(min(max(i, 0), len(data) - 1))) for i in np.ravel(indices).tolist()]
        return np.array([data[i] for i in flat]).reshape(np.shape(indices) + data.shape[1:])

    @staticmethod
    def dot(lhs, rhs, transpose_a=False, transpose_b=False):
        (left, right) = (lhs.T if transpose_a else lhs, rhs.T if transpose_b else rhs)
        return np.array([[np.sum(row * column) for column in right.T] for row in left])

    @classmethod
    def batch_dot(cls, lhs, rhs, transpose_a=False, transpose_b=False):
        size = (len(lhs), lhs.shape[2 if transpose_a else 1], rhs.shape[1 if transpose_b else 2])
        return np.reshape([cls.dot(*pair, transpose_a, transpose_b) for pair in zip(lhs, rhs, strict=True)], size)

    @staticmethod
    def nuclear_norm(data):
        if not np.all(np.isfinite(data)):
            return np.nan
        (m, n) = data.shape
        both = np.block([[np.zeros((m, m)), data], [data.T, np.zeros((n, n))]])
        return np.abs(np.linalg.eigvalsh(both)).sum() / 2  # each singular value twice, once negative

    @staticmethod
    def cumsum(data, axis=-1):
        rows = np.moveaxis(data, axis, 0)
        return np.moveaxis(np.array([rows[: i + 1].sum(0) for i in range(len(rows))]).reshape(rows.shape), 0, axis)

    @staticmethod
    def argsort(data, axis=-1, is_ascend=True):
        def order(row):
            keys = [np.inf if np.isnan(x) else float(x) for x in row]
            return sorted(range(len(row)), key=lambda i: (keys[i] if is_ascend else -keys[i], i))

        return np.apply_along_axis(order, axis, data) if data.size else data

    @staticmethod
    def gather_along(data, indices, axis=-1):
        (rows, where) = (np.moveaxis(one, axis, -1) for one in (data, indices))
        taken = np.empty(where.shape)
        for place in np.ndindex(where.shape):
            i = where[place]
            taken[place] = rows[place[:-1]][0 if np.isnan(i) else int(np.trunc(min(max(i, 0), rows.shape[-1] - 1)))]
        return np.moveaxis(taken, -1, axis)

    @staticmethod
    def sort(data, axis=-1, is_ascend=True):
        return np.apply_along_axis(lambda row: sorted(row, reverse=not is_ascend), axis, data) if data.size else data

    power = staticmethod(lambda data, exponent: np.exp(exponent * np.log(data)))

    @staticmethod
    def logsumexp(data, axis=None, keepdims=False, exclude=False):
        return np.logaddexp.reduce(data, axis=axes(axis, data.ndim, exclude), keepdims=keepdims)

    squared_error = staticmethod(lambda data, label: (data - label) * (data - label))
    softrelu_excess = staticmethod(lambda data: np.log1p(np.exp(-np.abs(data))))

    @staticmethod
    def log_cosh(data):
        (near, size) = (np.clip(data, -1, 1), np.abs(data))
        return np.where(size < 1, np.log1p(2 * np.sinh(near / 2) ** 2), np.logaddexp(size, -size) - np.log(2))

    smooth_l1 = staticmethod(lambda data, scalar=1.0: trapezoid(np.abs(data), 1 / scalar**2))

    @staticmethod
    def sigmoid_cross_entropy(data, label):
        return label * np.logaddexp(0.0, -data) + (1 - label) * np.logaddexp(0.0, data)

    @classmethod
    def softmax_cross_entropy(cls, data, label, axis=-1, keepdims=False):
        return -cls.pick(cls.log_softmax(data, axis), label, axis, keepdims)

    @classmethod
    def soft_label_cross_entropy(cls, data, label, axis=-1, keepdims=False):
        return -(label * cls.log_softmax(data, axis)).sum(axis, keepdims=keepdims)

    @classmethod
    def linear_cross_entropy(cls, data, weight, label, bias=None, scale=None, rows=None):
        loss = cls.softmax_cross_entropy(data @ weight.T + (0 if bias is None else bias), label)
        return loss if scale is None else np.sum(np.where(scale == 0, 0, loss) * scale)

    @staticmethod
    def reduced(function, *data, mean=False, samples=False, elements=None):
        value = function(*data)
        return np.mean(value) if mean else np.sum(value)

    @staticmethod
    def scan(body, data, state):
        for item in data:
            state = body(item, state)
        return state

    @classmethod
    def ctc_loss(cls, data, label, data_lengths=None, label_lengths=None):
        return cls.ctc_alignment(cls.log_softmax(data), label, data_lengths, label_lengths)

    @classmethod
    def ctc_alignment(cls, log_prob, label, data_lengths=None, label_lengths=None, blank=-1):
        frames, batch, classes = log_prob.shape
        loss = np.full(batch, np.inf)
        for n in range(batch):
            used = frames if data_lengths is None else int(data_lengths[n])
            width = next((i for i, c in enumerate(label[n]) if c < 0), label.shape[1])
            width = width if label_lengths is None else int(label_lengths[n])
            paths = alignments(used, classes, blank % classes, tuple(int(c) for c in label[n, :width]))
            if len(paths):
                loss[n] = -cls.logsumexp(log_prob[:used, n][range(used), paths].sum(axis=1))
        return loss

    @classmethod
    def Activation(cls, data, act_type):  # noqa: N802 - MXNet's name
        return getattr(cls, act_type)(data)
