"""Losses of distance, of length and of shape. Planes hold 0 at ignored pixels; M: the (class-weighted) mean over
the classes 1.., class 0 being background.

    boundary               sum w phi p / sum w, phi the label's signed distance
    hausdorff_distance     sum w (p-g)^2 (d_p^a + d_g^a) / sum w, d_m each pixel's distance across the edge of the
                           mask m (p > 1/2; label); sides "label": d_g^a alone, "prediction": d_p^a alone
    hausdorff_erosion      Karimi & Salcudean, in kornia's differentiable form. e_0 = (p-g)^2; for k = 1..: e_k =
                           relu(conv(e_(k-1), cross of 0.2s, zeros outside) - 1/2), 0 where ignored; if max e_k !=
                           min e_k over the valid pixels, e_k = (e_k - min e_k) / (max e_k - min e_k) there. Loss:
                           sum w sum over k of k^a e_k / sum w. All of it is differentiated; the first pixel of
                           equal maxima or minima gets the derivative.
    hausdorff_convolution  Karimi & Salcudean: sum w (p-g)^2 (p F + g N) / sum w with F = sum over r of
                           r^a (t(not g') + t(p')) and N = sum over r of r^a (t(g') + t(not p')), r = step, 2 step, ..,
                           scales step. p', g': the masks p > 1/2 and g > 1/2; outside the frame and at ignored
                           pixels they and their complements are 0. t(m) = max(0, s - 1/2), s the pixels of m in the
                           disc dy^2+dx^2 <= r^2 around the pixel over the pixels of the disc. F and N are constants.
    shape_aware            (1 + E) times the binary cross-entropy, E = mean distance of the predicted contour
                           (p >= 1/2) to the label's contour, a constant
    active_contour         l sum w sqrt(dx^2+dy^2+e) + r [sum w u (1-g)^2 + sum w (1-u) g^2], u = p; dx, dy forward
                           differences, 0 at the far border and where either pixel is ignored; mean: over sum w
    elastica               sum w (a + b k^2) m + the region term, m = sqrt(dx^2+dy^2+1e-8) and k = nx - nx[left] +
                           ny - ny[above], (nx, ny) = (dx, dy)/m, 0 outside and at ignored pixels
"""

import numpy as np
import torch
from torch.nn.functional import conv2d

import geometry
import losses_distribution
import tape
from losses_distribution import fsum, total
from tape import array, mpf

FLAT = 1e-8  # under the root of the elastica's gradient length


def class_mean(x, loss):
    """Over the classes 1.."""
    classes = range(1, x.frame.classes)
    return total(loss(c) * x.v[c] for c in classes) / total(x.v[c] for c in classes)


# ---------------------------------------------------------------- PyTorch

def t_plane(x, values):
    full = torch.zeros(x.frame.height * x.frame.width)
    return full.index_put((torch.tensor(x.frame.index),), values).reshape(x.frame.shape)


def t_error(x, c):
    return x.h[c] * x.p[c] - x.g[c] * x.q[c]


def t_boundary(x, convention):
    def loss(c):
        return (x.w * torch.tensor(geometry.signed(x.frame, c, convention)) * x.p[c]).sum() / x.w.sum()
    return class_mean(x, loss)


def hausdorff_map(x, c, exponent, sides, exact):
    """d_p^a + d_g^a of the valid pixels, or one of them."""
    guess = geometry.across(x.frame, x.frame.mask(c), exact) ** exponent
    truth = geometry.across(x.frame, x.frame.label == c, exact) ** exponent
    return {"both": guess + truth, "label": truth, "prediction": guess}[sides]


def t_hausdorff(x, exponent, sides, outer=lambda k: k):
    def loss(c):
        far = torch.tensor(hausdorff_map(x, c, exponent, sides, False))
        return outer((x.w * t_error(x, c) ** 2 * far).sum() / x.w.sum())
    return class_mean(x, loss)


def t_log_hausdorff(x, **parameters):
    return t_hausdorff(x, outer=torch.log1p, **parameters)


def t_erosion(x, exponent, erosions):
    valid = torch.tensor(x.frame.valid)
    bound, value = t_plane(x, t_error(x, 1) ** 2), 0
    cross = torch.tensor([[0, 1, 0], [1, 1, 1], [0, 1, 0]]).double()[None, None] * 0.2
    for k in range(erosions):
        e = torch.relu(conv2d(bound[None, None], cross, padding=1)[0, 0] - 0.5)[valid]
        low, high = e.min(), e.max()
        if high != low:
            e = (e - low) / (high - low)
        bound = t_plane(x, e)
        value = value + (k + 1) ** exponent * (x.w * e).sum()
    return value / x.w.sum()


def disc(radius):
    y, x = np.mgrid[-radius:radius + 1, -radius:radius + 1]
    return y * y + x * x <= radius * radius


def masks(x):
    """g', not g', p', not p' of the valid pixels."""
    guess, truth = x.frame.mask(1), x.frame.g[1] > 0.5
    return truth, ~truth, guess, ~guess


def t_convolution(x, exponent, step, scales):
    valid = torch.tensor(x.frame.valid)
    planes = torch.stack([t_plane(x, torch.tensor(m).double()) for m in masks(x)])[:, None]
    false_positive = false_negative = 0
    for r in range(step, step * scales + 1, step):
        ball = torch.tensor(disc(r)).double()
        share = conv2d(planes, ball[None, None], padding=r)[:, 0].round() / ball.sum()  # rounded: counts
        in_g, out_g, in_p, out_p = torch.relu(share - 0.5)[:, valid]
        false_positive = false_positive + r ** exponent * (out_g + in_p)
        false_negative = false_negative + r ** exponent * (in_g + out_p)
    missed = x.p[1] * false_positive + x.g[1] * false_negative
    return (x.w * t_error(x, 1) ** 2 * missed).sum() / x.w.sum()


def t_shape(x):
    return (1 + geometry.contour_gap(x.frame)) * losses_distribution.t_cross_entropy(x, "weights")


def t_slopes(x, c):
    """Forward differences of p, and the weights as a frame."""
    u, valid = t_plane(x, x.p[c]), torch.tensor(x.frame.valid)
    dx = torch.nn.functional.pad((u[:, 1:] - u[:, :-1]) * (valid[:, 1:] & valid[:, :-1]), (0, 1))
    dy = torch.nn.functional.pad((u[1:] - u[:-1]) * (valid[1:] & valid[:-1]), (0, 0, 0, 1))
    return dx, dy, t_plane(x, x.w)


def t_region(x, c):
    return (x.w * (x.p[c] * x.h[c] ** 2 + x.q[c] * x.g[c] ** 2)).sum()


def t_active(x, length_weight, region_weight, length_smooth, mean):
    def loss(c):
        dx, dy, w = t_slopes(x, c)
        value = length_weight * (w * torch.sqrt(dx ** 2 + dy ** 2 + length_smooth)).sum() + region_weight * t_region(x, c)
        return value / x.w.sum() if mean else value
    return class_mean(x, loss)


def t_elastica(x, length, curvature):
    dx, dy, w = t_slopes(x, 1)
    m = torch.sqrt(dx ** 2 + dy ** 2 + FLAT)
    nx, ny = dx / m, dy / m
    k = nx - torch.nn.functional.pad(nx, (1, 0))[:, :-1] + ny - torch.nn.functional.pad(ny, (0, 0, 1, 0))[:-1]
    return (w * (length + curvature * k ** 2) * m).sum() + t_region(x, 1)


TORCH = {
    "boundary": t_boundary, "hausdorff_distance": t_hausdorff, "log_hausdorff": t_log_hausdorff,
    "hausdorff_erosion": t_erosion,
    "hausdorff_convolution": t_convolution, "shape_aware": t_shape, "active_contour": t_active,
    "elastica": t_elastica,
}


# ---------------------------------------------------------------- 120 digits

def d_plane(x, values):
    node = values if isinstance(values, tape.Node) else tape.Node(array(values))
    return node.scatter(x.frame.shape, x.frame.index)


def d_boundary(x, convention):
    def loss(c):
        return (x.p[c] * (x.w * array(geometry.signed(x.frame, c, convention, True)))).sum() / fsum(x.w)
    return class_mean(x, loss)


def d_hausdorff(x, exponent, sides, outer=lambda k: k):
    def loss(c):
        far = hausdorff_map(x, c, exponent, sides, True)
        return outer(((x.p[c] - x.g[c]) ** 2 * (x.w * far)).sum() / fsum(x.w))
    return class_mean(x, loss)


def d_log_hausdorff(x, **parameters):
    return d_hausdorff(x, outer=lambda k: tape.log(k + 1), **parameters)


def d_erosion(x, exponent, erosions):
    bound, value = d_plane(x, (x.p[1] - x.g[1]) ** 2), None
    for k in range(1, erosions + 1):
        five = total(tape.shift(bound, *step) for step in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)))
        e = tape.relu(five * mpf("0.2") - mpf("0.5"))
        e = flat(e)[x.frame.index]
        low, high = (min(range(len(e.value)), key=lambda i: (sign * e.value[i], i)) for sign in (1, -1))
        if e.value[low] != e.value[high]:
            e = (e - e[low]) / (e[high] - e[low])
        bound = d_plane(x, e)
        term = (e * x.w).sum() * mpf(k) ** exponent
        value = term if value is None else value + term
    return value / fsum(x.w)


def flat(x):
    return tape.linear(x, lambda v: v.ravel(), lambda d: d.reshape(x.shape))


def disc_sums(values, radius):
    """Whole numbers summed over the disc, row by row from running sums."""
    height, width = values.shape
    running = np.concatenate([np.zeros((height, 1), int), np.cumsum(values, axis=1)], axis=1)
    result = np.zeros(values.shape, int)
    left, right = np.arange(width), np.arange(width) + 1
    for dy in range(-radius, radius + 1):
        half = int((radius * radius - dy * dy) ** 0.5)
        row = running[:, np.minimum(right + half, width)] - running[:, np.maximum(left - half, 0)]
        result = result + tape.moved(row, dy, 0, 0)
    return result


def d_convolution(x, exponent, step, scales):
    p, g, half, radii = x.p[1], x.g[1], mpf("0.5"), [step * (k + 1) for k in range(scales)]

    def thick(mask, r):
        counts = disc_sums(x.frame.plane(mask.astype(int), 0), r).ravel()[x.frame.index]
        return array([max(mpf(int(k)) / int(disc(r).sum()) - half, mpf(0)) for k in counts])

    in_g, out_g, in_p, out_p = ([thick(m, r) * mpf(r) ** exponent for r in radii] for m in masks(x))
    false_positive, false_negative = sum(out_g) + sum(in_p), sum(in_g) + sum(out_p)
    return ((p - g) ** 2 * x.w * (p * false_positive + g * false_negative)).sum() / fsum(x.w)


def d_shape(x):
    return losses_distribution.d_cross_entropy(x, "weights") * (1 + geometry.contour_gap(x.frame, True))


def d_slopes(x, c):
    u, valid = d_plane(x, x.p[c]), x.frame.valid

    def slope(dy, dx):
        return tape.where(valid & tape.moved(valid, dy, dx, False), tape.shift(u, dy, dx) - u, 0)
    return slope(0, 1), slope(1, 0), array(x.frame.plane(x.frame.w, 0.0))


def d_region(x, c):
    g = x.g[c]
    return (x.p[c] * (x.w * (1 - g) ** 2)).sum() + ((1 - x.p[c]) * (x.w * g ** 2)).sum()


def d_active(x, length_weight, region_weight, length_smooth, mean):
    def loss(c):
        dx, dy, w = d_slopes(x, c)
        length = (tape.sqrt(dx * dx + dy * dy + mpf(length_smooth)) * w).sum()
        value = length * mpf(length_weight) + d_region(x, c) * mpf(region_weight)
        return value / fsum(x.w) if mean else value
    return class_mean(x, loss)


def d_elastica(x, length, curvature):
    dx, dy, w = d_slopes(x, 1)
    m = tape.sqrt(dx * dx + dy * dy + mpf(FLAT))
    nx, ny = dx / m, dy / m
    k = nx - tape.shift(nx, 0, -1) + ny - tape.shift(ny, -1, 0)
    return ((k * k * mpf(curvature) + mpf(length)) * m * w).sum() + d_region(x, 1)


DIGITS = {
    "boundary": d_boundary, "hausdorff_distance": d_hausdorff, "log_hausdorff": d_log_hausdorff,
    "hausdorff_erosion": d_erosion,
    "hausdorff_convolution": d_convolution, "shape_aware": d_shape, "active_contour": d_active,
    "elastica": d_elastica,
}
