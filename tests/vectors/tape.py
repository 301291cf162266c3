"""Reverse-mode differentiation with many digits.

A `Node` holds a numpy array of mpmath numbers and the way back to the nodes it was made from. It shares no
code with PyTorch, so that a gradient from here and one from autograd are two results, not one. 120 digits:
on logits of +-88 a loss is a difference of numbers that agree to 77 digits.
"""

import mpmath
import numpy as np
from mpmath import mpf

mpmath.mp.dps = 120


def array(x):
    """An array of mpf; floats are taken over exactly."""
    return _mpf(np.asarray(x)) if np.ndim(x) else np.array(mpf(x), dtype=object)


def _elementwise(function):
    lifted = np.frompyfunc(function, 1, 1)
    return lambda x: np.array(lifted(x), dtype=object)


_mpf = _elementwise(lambda x: x if isinstance(x, mpf) else mpf(x.item() if hasattr(x, "item") else x))
_exp, _log, _sqrt = map(_elementwise, (mpmath.exp, mpmath.log, mpmath.sqrt))


def _shrink(d, shape):
    """Sums a derivative over the axes along which its operand was repeated."""
    while d.ndim > len(shape):
        d = d.sum(axis=0)
        d = d if isinstance(d, np.ndarray) else np.array(d, dtype=object)
    for axis, size in enumerate(shape):
        if size == 1 and d.shape[axis] != 1:
            d = d.sum(axis=axis, keepdims=True)
    return d


class Node:
    """An array with its history."""

    __array_ufunc__ = None  # ndarray + Node has to ask Node

    def __init__(self, value, parents=()):
        self.value = value if isinstance(value, np.ndarray) else np.array(value, dtype=object)
        self.parents = parents

    @property
    def shape(self):
        return self.value.shape

    def _with(self, other, value, here, there):
        """Result of a binary operation with its two partial derivatives."""
        parents = [(self, lambda d: _shrink(np.asarray(d * here, dtype=object), self.shape))]
        if isinstance(other, Node):
            parents.append((other, lambda d: _shrink(np.asarray(d * there, dtype=object), other.shape)))
        return Node(value, parents)

    def __add__(self, other):
        b = raw(other)
        return self._with(other, self.value + b, mpf(1), mpf(1))

    def __sub__(self, other):
        b = raw(other)
        return self._with(other, self.value - b, mpf(1), mpf(-1))

    def __mul__(self, other):
        b = raw(other)
        return self._with(other, self.value * b, b, self.value)

    def __truediv__(self, other):
        b = raw(other)
        ratio = self.value / b
        return self._with(other, ratio, 1 / b, -ratio / b)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self * mpf(-1)

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return self ** -1 * other

    def __pow__(self, k):
        """Constant exponent. The power of exactly 0 has the slope 0 here, also where it is infinite."""
        k = mpf(k)

        def power(x, e):
            return mpf(1) if e == 0 else mpf(0) if x == 0 else x ** e

        value = _elementwise(lambda x: power(x, k))(self.value)
        slope = _elementwise(lambda x: k * power(x, k - 1) if x else mpf(0))(self.value)
        return Node(value, [(self, lambda d: d * slope)])

    def __getitem__(self, key):
        def back(d):
            full = np.full(self.shape, mpf(0), dtype=object)
            np.add.at(full, key, d)
            return full
        return Node(self.value[key], [(self, back)])

    def sum(self):
        return Node(mpmath.fsum(self.value.ravel()), [(self, lambda d: np.full(self.shape, d.item(), dtype=object))])

    def scatter(self, shape, index):
        """The values at the flat positions `index` of zeros of `shape`."""
        full = np.full(int(np.prod(shape)), mpf(0), dtype=object)
        full[index] = self.value
        return Node(full.reshape(shape), [(self, lambda d: d.ravel()[index])])


def raw(x):
    return x.value if isinstance(x, Node) else array(x)


def unary(function, slope):
    """An elementwise function; slope(argument, result)."""
    def apply(x):
        value = function(x.value)
        k = slope(x.value, value)
        return Node(value, [(x, lambda d: d * k)])
    return apply


exp = unary(_exp, lambda x, y: y)
log = unary(_log, lambda x, y: 1 / x)
sqrt = unary(_sqrt, lambda x, y: 1 / (2 * y))
relu = unary(lambda x: np.where(x > 0, x, mpf(0)), lambda x, y: np.where(x > 0, mpf(1), mpf(0)))


def where(mask, a, b):
    """Elementwise choice; a and b have the shape of the mask or none."""
    a, b = (k if isinstance(k, Node) else Node(array(k)) for k in (a, b))
    yes, no = np.where(mask, mpf(1), mpf(0)), np.where(mask, mpf(0), mpf(1))
    return Node(np.where(mask, a.value, b.value),
                [(a, lambda d: _shrink(d * yes, a.shape)), (b, lambda d: _shrink(d * no, b.shape))])


def linear(x, function, adjoint):
    """A linear map of an array."""
    return Node(function(x.value), [(x, adjoint)])


def moved(values, dy, dx, fill):
    """The plane whose (y, x) is (y + dy, x + dx) of `values`, `fill` from outside."""
    height, width = values.shape
    padded = np.pad(values, ((max(-dy, 0), max(dy, 0)), (max(-dx, 0), max(dx, 0))), constant_values=fill)
    return padded[max(dy, 0):max(dy, 0) + height, max(dx, 0):max(dx, 0) + width]


def shift(x, dy, dx):
    return linear(x, lambda v: moved(v, dy, dx, mpf(0)), lambda d: moved(d, -dy, -dx, mpf(0)))


def extreme(items, sign):
    """Elementwise largest (sign 1) or smallest (-1) of nodes of one shape; the first of equal ones gets the
    derivative. Items may be (node, valid) pairs; what is not valid is passed over."""
    items = [k if isinstance(k, tuple) else (k, np.ones(k.shape, bool)) for k in items]
    best, choice = None, None
    for number, (node, valid) in enumerate(items):
        if best is None:
            best, choice = node.value.copy(), np.where(valid, number, -1)
            continue
        better = valid & ((choice < 0) | ((node.value > best) if sign > 0 else (node.value < best)))
        best, choice = np.where(better, node.value, best), np.where(better, number, choice)
    assert (choice >= 0).all()
    return Node(best, [(node, lambda d, n=n: d * np.where(choice == n, mpf(1), mpf(0)))
                       for n, (node, _) in enumerate(items)])


def gradient(result, leaf):
    """d result / d leaf for a scalar result."""
    order, seen, stack = [], set(), [(result, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent, _ in node.parents)
    slopes = {id(result): np.array(mpf(1), dtype=object)}
    for node in reversed(order):
        d = slopes.get(id(node))
        if d is None or node is leaf:
            continue
        for parent, back in node.parents:
            share = np.asarray(back(d), dtype=object)
            known = slopes.get(id(parent))
            slopes[id(parent)] = share if known is None else np.asarray(known + share, dtype=object)
    return slopes.get(id(leaf), np.full(leaf.shape, mpf(0), dtype=object))


def check():
    """The tape against central differences: h = 1e-30 leaves 60 correct digits of 120."""
    def f(x):
        a = log(1 + exp(x[:3])) * x[1:] / sqrt(x[1] * x[1] + 2)
        low = extreme([(x[:2], np.array([False, True])), (x[1:3], np.array([True, True]))], -1)
        high = extreme([x[:2], x[2:], x[1:3]], 1)
        chosen = where(np.array([True, False]), x[:2], 2.0)
        return (a ** mpf("0.3")).sum() / (3 - relu(x).sum()) + (high - low + chosen).sum()

    start = array(np.array([0.3, 0.7, 1.1, 0.45]))
    leaf = Node(start)
    slope, h = gradient(f(leaf), leaf), mpf(10) ** -30
    for i in range(4):
        step = np.where(np.arange(4) == i, h, mpf(0))
        numeric = (f(Node(start + step)).value.item() - f(Node(start - step)).value.item()) / (2 * h)
        assert abs(numeric - slope[i]) < mpf(10) ** -55, i
