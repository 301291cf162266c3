"""The active boundary loss (Wang et al. 2022): predicted contours are told which way the label's contour lies.

    active_boundary  KL(a, b) = p_a ln(p_a / p_b) + q_a ln(q_a / q_b), the divergence of the pixel b from the pixel a.
                     A pixel's change is KL(pixel, below) + KL(pixel, right), over valid neighbours only. Predicted
                     boundary: the pixels whose change exceeds the least 1e-5 * 1.2^k that at most share * (number of
                     valid pixels) changes exceed, and the 8 neighbours of those. Label boundary: pixels with another
                     label below or to the right. D: distance to the nearest pixel of the label boundary less 1, at
                     least 0. A valid pixel of the predicted boundary counts if the least D of its valid neighbours is
                     not above its own; t is the first such neighbour in the order down, up, left, right, up right,
                     down right, up left, down left. Its cross-entropy is l = sum over the 8 neighbours of
                     y (ln sum exp k - k), k = KL(neighbour, pixel) (of an ignored neighbour 0; past the border that
                     of the nearest pixel inside), y = 1 - smoothing for t, smoothing / 8 for the others. Loss:
                     sum w min(D, reach) / reach l over sum w, both over the pixels that count; undefined without any.
                     Only the pixel's own p in KL(neighbour, pixel) is differentiated.

    Mean over the classes 1.. that have a value, weighted by their class weights.
"""

import numpy as np
import torch
from scipy.ndimage import binary_dilation, distance_transform_edt

import tape
from losses_distribution import fsum, total
from tape import array, mpf

AROUND = [(1, 0), (-1, 0), (0, -1), (0, 1), (-1, 1), (1, 1), (-1, -1), (1, -1)]


def defined_mean(x, loss):
    found = [(x.v[c], loss(c)) for c in range(1, x.frame.classes) if x.v[c] > 0]
    found = [(v, k) for v, k in found if k is not None]
    return total(v * k for v, k in found) / total(v for v, _ in found) if found else None


def least_threshold(changes, allowed):
    assert abs(allowed - round(allowed)) > 1e-3 or allowed == 0  # the product in f32 must not decide otherwise
    bound = 1e-5
    while sum(k > bound for k in changes) > allowed:
        bound *= 1.2
    return bound


# ---------------------------------------------------------------- PyTorch: whole planes

def t_divergence(a, b):
    """Of the distributions (p, q, ln p, ln q)."""
    return a[0] * (a[2] - b[2]) + a[1] * (a[3] - b[3])


def t_active_boundary(x, share, smoothing, reach):
    frame, valid = x.frame, x.frame.valid

    def boundary(pairs, padded):
        """Of a plane over two neighbours: what a pixel has in common with those below and to the right."""
        below, right = np.zeros(frame.shape, padded), np.zeros(frame.shape, padded)
        below[:-1] = np.where(valid[:-1] & valid[1:], pairs(np.s_[:-1], np.s_[1:]), 0)
        right[:, :-1] = np.where(valid[:, :-1] & valid[:, 1:], pairs(np.s_[:, :-1], np.s_[:, 1:]), 0)
        return below + right

    def loss(c):
        own = [x.p[c], x.q[c], torch.log(x.p[c]), torch.log(x.q[c])]
        known = [frame.plane(k.detach().numpy(), 0.0) for k in own]
        change = boundary(lambda a, b: t_divergence([k[a] for k in known], [k[b] for k in known]), float)
        front = change > least_threshold(change[valid], share * valid.sum())
        label = frame.plane(frame.label == c, False)
        edge = boundary(lambda a, b: label[a] != label[b], bool)
        if not edge.any():
            return None
        far = np.where(valid, np.maximum(distance_transform_edt(~edge) - 1, 0), np.inf)
        beyond = np.pad(far, 1, constant_values=np.inf)
        near = np.stack([beyond[1 + dy:, 1 + dx:][:frame.height, :frame.width] for dy, dx in AROUND])
        counts = (binary_dilation(front, np.ones((3, 3))) & valid & (near.min(0) <= far))[valid]
        if not counts.any():
            return None
        y, inside = np.indices(frame.shape), []
        for dy, dx in AROUND:
            place = y[0] + dy, y[1] + dx
            rows, columns = place[0].clip(0, frame.height - 1), place[1].clip(0, frame.width - 1)
            take = valid[rows, columns]
            inside.append([torch.tensor(np.where(take, k[rows, columns], k)[valid][counts]) for k in known])
        own, selected = [k[torch.tensor(counts)] for k in own], valid.copy()
        selected[valid] = counts
        k = torch.stack([t_divergence(k, own) for k in inside])
        aim = torch.full(k.shape, smoothing / 8)
        aim[torch.tensor(near.argmin(0)[selected]), torch.arange(k.shape[1])] = 1 - smoothing
        w = x.w[torch.tensor(counts)]
        factor = torch.tensor(np.minimum(far[selected], reach) / reach)
        return (w * factor * (aim * -torch.log_softmax(k, 0)).sum(0)).sum() / w.sum()
    return defined_mean(x, loss)


TORCH = {"active_boundary": t_active_boundary}


# ---------------------------------------------------------------- 120 digits: pixel by pixel

def d_active_boundary(x, share, smoothing, reach):
    frame = x.frame
    number = {(int(i) // frame.width, int(i) % frame.width): n for n, i in enumerate(frame.index)}

    def forward(at):
        return (at[0] + 1, at[1]), (at[0], at[1] + 1)

    def depths(c):
        """Squared distances to the label boundary: whole numbers order themselves."""
        side = {at: frame.label[n] == c for at, n in number.items()}
        edge = [at for at, own in side.items() if any(side.get(near, own) != own for near in forward(at))]
        return {(i, j): max(1, min((i - m) ** 2 + (j - n) ** 2 for m, n in edge)) for i, j in side} if edge else None

    def selection(c, divergence):
        """Pixel, its squared distance and the place of its target, for every pixel that counts."""
        squares, changes = depths(c), {}
        if squares is None:
            return []
        for at, own in number.items():
            changes[at] = sum(divergence(own, number[near]) for near in forward(at) if near in number)
        bound = least_threshold(changes.values(), share * len(number))
        found = []
        for at in number:
            around = [(at[0] + dy, at[1] + dx) for dy, dx in AROUND]
            if any(changes.get(near, 0) > bound for near in [at, *around]):
                options = [(squares[near], place) for place, near in enumerate(around) if near in squares]
                if options and min(options)[0] <= squares[at]:
                    found.append((at, squares[at], min(options)[1]))
        return found

    def neighbour(at, step):
        """Its number; the pixel's own for an ignored one."""
        near = (min(max(k + d, 0), size - 1) for k, d, size in zip(at, step, frame.shape))
        return number.get(tuple(near), number[at])

    def loss(c):
        p = x.p[c].value
        ln_p, ln_q = (tape.log(tape.Node(k)).value for k in (p, 1 - p))
        chosen = selection(c, lambda a, b: p[a] * (ln_p[a] - ln_p[b]) + (1 - p[a]) * (ln_q[a] - ln_q[b]))
        if not chosen:
            return None
        here = x.p[c][np.array([number[at] for at, _, _ in chosen])]
        w = x.w[np.array([number[at] for at, _, _ in chosen])]
        k = []
        for step in AROUND:
            other = np.array([neighbour(at, step) for at, _, _ in chosen])
            a = p[other]
            k.append(tape.log(a / here) * a + tape.log((1 - a) / (1 - here)) * (1 - a))
        every = tape.log(total(tape.exp(j) for j in k))
        s, cost = mpf(smoothing), None
        for place, j in enumerate(k):
            aim = array([1 - s if t == place else s / 8 for _, _, t in chosen])
            cost = (every - j) * aim if cost is None else cost + (every - j) * aim
        far = [tape.mpmath.sqrt(mpf(square)) - 1 for _, square, _ in chosen]
        return (cost * (w * array([min(d, mpf(reach)) / mpf(reach) for d in far]))).sum() / fsum(w)
    return defined_mean(x, loss)


DIGITS = {"active_boundary": d_active_boundary}
