"""Losses of edges and skeletons made by minima and maxima over windows. Windows hold valid pixels only: neither the
frame nor an ignored pixel is an edge. M: the (class-weighted) mean over the classes 1..

    boundary_f1      b(x) = x minus its minimum over the edge_window x edge_window window; e(x) = max over the tolerance_window x tolerance_window
                     window of b(x). P = (sum w b(p) e(g) + s) / (sum w b(p) + s), R = (sum w e(p) b(g) + s) /
                     (sum w b(g) + s), loss 1 - 2PR / (P + R); 0 if neither side has a boundary
    cldice           erode: min over the 5-pixel cross; dilate: max over 3 x 3; open = dilate(erode). skel =
                     relu(x - open(x)); k times: x = erode(x), d = relu(x - open(x)), skel = skel + relu(d - skel d).
                     Tp = (sum w skel(p) g + s) / (sum w skel(p) + s), Ts = (sum w skel(g) p + s) /
                     (sum w skel(g) + s), loss 1 - 2 Tp Ts / (Tp + Ts)
    cbdice           of the label's mask g and of the prediction's h (p > 1/2), S the hard skeleton of `iterations`
                     openings, D the depth, T the thinness (geometry.depths): Tp = (sum w T_h p D_g + s) /
                     (sum w T_h p a + s) over S_h, a = D_g on S_g, else D_h p; Ts = (sum w T_g D_h p + s) /
                     (sum w T_g b + s) over S_g, b = D_h p on S_h, else D_g; loss 1 - 2 Tp Ts / (Tp + Ts)
    skeleton_recall  1 - (sum w p t + s) / (sum w t + s), t the label's skeleton (scikit-image's skeletonize),
                     dilated by the 4-neighbour cross, within the label's mask

Ties: the first of equal pixels in row order gets the derivative, and relu has the slope 0 at 0. Where pixels are
equal only because the window picked the same pixel twice, the choice does not matter.
"""

import torch
from torch.nn.functional import max_pool2d

import geometry
import tape
from losses_distribution import fsum
from losses_spatial import class_mean, d_plane, flat, t_plane
from tape import array, mpf


def tube_of(frame, c, dilations):
    return geometry.tube(frame.plane(frame.label == c, False), dilations).ravel()[frame.index]


# ---------------------------------------------------------------- PyTorch: pooling

def t_max(x, plane, size):
    valid = torch.tensor(x.frame.valid)
    size = (size, size) if isinstance(size, int) else size
    pooled = max_pool2d(torch.where(valid, plane, -torch.inf)[None], size, 1, (size[0] // 2, size[1] // 2))[0]
    return torch.where(valid, pooled, 0)


def t_boundary_f1(x, edge_window, tolerance_window, smooth):
    def edges(values):
        plane = t_plane(x, values)
        b = plane + t_max(x, -plane, edge_window)
        return b, t_max(x, b, tolerance_window)

    def loss(c):
        w = t_plane(x, x.w)
        (b_p, ext_p), (b_g, ext_g) = edges(x.p[c]), edges(x.g[c])
        precision = ((w * b_p * ext_g).sum() + smooth) / ((w * b_p).sum() + smooth)
        recall = ((w * ext_p * b_g).sum() + smooth) / ((w * b_g).sum() + smooth)
        return 1 - 2 * precision * recall / (precision + recall)
    return class_mean(x, loss)


def t_skeleton(x, image, iterations):
    def erode(y):
        return torch.minimum(-t_max(x, -y, (3, 1)), -t_max(x, -y, (1, 3)))

    def ridge(y):
        return torch.relu(y - t_max(x, erode(y), 3))

    skeleton = ridge(image)
    for _ in range(iterations):
        image = erode(image)
        d = ridge(image)
        skeleton = skeleton + torch.relu(d - skeleton * d)
    return skeleton


def t_cldice(x, iterations, smooth):
    def loss(c):
        p, g, w = t_plane(x, x.p[c]), t_plane(x, x.g[c]), t_plane(x, x.w)
        s_p, s_g = t_skeleton(x, p, iterations), t_skeleton(x, g, iterations)
        precision = ((w * s_p * g).sum() + smooth) / ((w * s_p).sum() + smooth)
        recall = ((w * s_g * p).sum() + smooth) / ((w * s_g).sum() + smooth)
        return 1 - 2 * precision * recall / (precision + recall)
    return class_mean(x, loss)


def t_skeleton_recall(x, smooth, dilations):
    def loss(c):
        t = torch.tensor(tube_of(x.frame, c, dilations)).double()
        return (x.w * t * x.q[c]).sum() / ((x.w * t).sum() + smooth)
    return class_mean(x, loss)


def both_depths(frame, c, iterations, exact=False):
    return [geometry.depths(frame, inside, iterations, exact) for inside in (frame.label == c, frame.mask(c))]


def t_cbdice(x, iterations, smooth):
    def mixed(a, b, weight):
        return (torch.where(b != 0, b, a) * weight).sum()

    def loss(c):
        sides = both_depths(x.frame, c, iterations)
        (s_g, d_g, t_g), (s_h, d_h, t_h) = [[torch.tensor(k).double() for k in side] for side in sides]
        p = x.p[c]
        slim_g, slim_h = x.w * t_g * s_g, x.w * t_h * s_h * p
        precision = ((slim_h * d_g).sum() + smooth) / (mixed(d_h * s_h * p, d_g * s_g, slim_h) + smooth)
        recall = ((slim_g * d_h * p).sum() + smooth) / (mixed(d_g * s_g, d_h * s_h * p, slim_g) + smooth)
        return 1 - 2 * precision * recall / (precision + recall)
    return class_mean(x, loss)


TORCH = {"boundary_f1": t_boundary_f1, "cldice": t_cldice, "cbdice": t_cbdice, "skeleton_recall": t_skeleton_recall}


# ---------------------------------------------------------------- 120 digits: neighbour by neighbour

CROSS = [(-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)]


def square(size):
    return [(dy, dx) for dy in range(-(size // 2), size // 2 + 1) for dx in range(-(size // 2), size // 2 + 1)]


def d_extreme(x, plane, steps, sign):
    """Over the valid neighbours; an ignored pixel keeps its own value, which nobody reads."""
    valid = x.frame.valid
    shifted = [(tape.shift(plane, *s), tape.moved(valid, *s, False) & valid | (s == (0, 0))) for s in steps]
    return tape.extreme(shifted, sign)


def d_boundary_f1(x, edge_window, tolerance_window, smooth):
    e = mpf(smooth)

    def pixels(plane):
        return flat(plane)[x.frame.index]

    def edges(values):
        plane = d_plane(x, values)
        b = plane - d_extreme(x, plane, square(edge_window), -1)
        return pixels(b), pixels(d_extreme(x, b, square(tolerance_window), 1))

    def loss(c):
        (b_p, ext_p), (b_g, ext_g) = edges(x.p[c]), edges(x.g[c])
        precision = ((b_p * ext_g * x.w).sum() + e) / ((b_p * x.w).sum() + e)
        recall = ((ext_p * b_g * x.w).sum() + e) / ((b_g * x.w).sum() + e)
        return 1 - precision * recall * 2 / (precision + recall)
    return class_mean(x, loss)


def d_skeleton(x, image, iterations):
    def open_(y):
        return d_extreme(x, d_extreme(x, y, CROSS, -1), square(3), 1)

    skeleton = None
    for k in range(iterations + 1):
        if k:
            image = d_extreme(x, image, CROSS, -1)
        d = tape.relu(image - open_(image))
        skeleton = d if skeleton is None else skeleton + tape.relu(d - skeleton * d)
    return flat(skeleton)[x.frame.index]


def d_cldice(x, iterations, smooth):
    s = mpf(smooth)

    def loss(c):
        s_p = d_skeleton(x, d_plane(x, x.p[c]), iterations)
        s_g = d_skeleton(x, d_plane(x, x.g[c]), iterations).value
        precision = ((s_p * (x.w * x.g[c])).sum() + s) / ((s_p * x.w).sum() + s)
        recall = ((x.p[c] * (x.w * s_g)).sum() + s) / (fsum(x.w * s_g) + s)
        return 1 - precision * recall * 2 / (precision + recall)
    return class_mean(x, loss)


def d_skeleton_recall(x, smooth, dilations):
    def loss(c):
        t = array(tube_of(x.frame, c, dilations).astype(float))
        return 1 - ((x.p[c] * (x.w * t)).sum() + mpf(smooth)) / (fsum(x.w * t) + mpf(smooth))
    return class_mean(x, loss)


def d_cbdice(x, iterations, smooth):
    s = mpf(smooth)

    def loss(c):
        sides = both_depths(x.frame, c, iterations, True)
        (s_g, d_g, t_g), (s_h, d_h, t_h) = [(skeleton, array(d), array(t)) for skeleton, d, t in sides]
        meet, p = array((s_g & s_h).astype(float)), x.p[c]
        slim_g, slim_h = x.w * t_g * array(s_g.astype(float)), p * (x.w * t_h * array(s_h.astype(float)))
        deep = p * d_h
        precision = ((slim_h * d_g).sum() + s) / ((slim_h * (deep * (1 - meet) + d_g * meet)).sum() + s)
        recall = ((deep * slim_g).sum() + s) / (((deep * meet + d_g * (1 - meet)) * slim_g).sum() + s)
        return 1 - precision * recall * 2 / (precision + recall)
    return class_mean(x, loss)


DIGITS = {"boundary_f1": d_boundary_f1, "cldice": d_cldice, "cbdice": d_cbdice, "skeleton_recall": d_skeleton_recall}
