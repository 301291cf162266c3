"""Distances, edges and skeletons of label masks: constants for every loss, no gradient goes through them.

Ignored pixels belong to no side: distances are measured to valid pixels only, an ignored neighbour makes no
edge, and neither does the image frame.
"""

import mpmath
import numpy as np
from mpmath import mpf
from scipy.ndimage import binary_dilation, binary_erosion, distance_transform_edt
from skimage.morphology import dilation, skeletonize


def distance(target):
    """Distance of every pixel of the frame to the nearest pixel of `target`, which is not empty."""
    return distance_transform_edt(~target)


def distance_by_hand(target, pixels):
    """The same by trying all of them, for the flat positions `pixels`: exact integers, then a root."""
    width = target.shape[1]
    ty, tx = np.divmod(np.flatnonzero(target), width)
    squared = [int(((ty - i // width) ** 2 + (tx - i % width) ** 2).min()) for i in pixels]
    return np.array([mpmath.sqrt(mpf(k)) for k in squared] + [None], dtype=object)[:-1]


def penalty(frame):
    """Weight map of Caliva et al. as in SegLoss, per class: d = distance to the nearest valid pixel of another
    class, phi = (max d - d) / max(max d - d), both maxima over the class. phi = 0 for a class that is alone
    or whose pixels are all equally far."""
    phi = np.zeros(frame.index.size)
    for c in range(frame.classes):
        own = frame.label == c
        if own.any() and not own.all():
            d = distance(frame.plane(~own, False)).ravel()[frame.index[own]]
            rest = d.max() - d
            phi[own] = rest / rest.max() if rest.max() > 0 else 0
    return phi


def penalty_by_hand(frame):
    phi = np.full(frame.index.size, mpf(0), dtype=object)
    for c in range(frame.classes):
        own = frame.label == c
        if own.any() and not own.all():
            d = distance_by_hand(frame.plane(~own, False), frame.index[own])
            rest = max(d) - d
            phi[own] = rest / max(rest) if max(rest) else rest
    return phi


def neighbours(mask):
    """The four neighbours' values, False outside the frame."""
    padded = np.pad(mask, 1)
    return padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]


def inner_edge(mask, other):
    """Pixels of the mask with a 4-neighbour in `other` (valid and not in the mask)."""
    return mask & np.logical_or.reduce(neighbours(other))


def sides(frame, inside):
    """Valid pixels in the mask and valid pixels out of it, as frames; `inside` says it of the valid pixels."""
    return frame.plane(inside, False), frame.plane(~inside, False)


def measure(frame, target, pixels, exact):
    """Distances of the valid pixels `pixels` (a mask over them) to the nearest pixel of the frame `target`."""
    if exact:
        return distance_by_hand(target, frame.index[pixels])
    return distance(target).ravel()[frame.index[pixels]]


def across(frame, inside, exact):
    """Distance of each valid pixel to the nearest valid one on the other side; 0 everywhere for one side only."""
    d = np.zeros(inside.size, object if exact else float)
    if inside.any() and not inside.all():
        mask, other = sides(frame, inside)
        d[inside], d[~inside] = measure(frame, other, inside, exact), measure(frame, mask, ~inside, exact)
    return d


def signed(frame, c, convention, exact=False):
    """Signed distance of class c's label mask. Outside: the distance d to the mask. Inside: -(d - 1) (kervadec) or
    -d (plain), d to the nearest valid pixel outside. 0 everywhere if the class is absent or alone."""
    inside = frame.label == c
    d = across(frame, inside, exact)
    if inside.any() and not inside.all():
        d[inside] = (1 if convention == "kervadec" else 0) - d[inside]
    return d


def contour_gap(frame, exact=False):
    """Mean distance of the predicted contour's pixels to the label's contour; 0 if there is no such contour.
    A contour: pixels of the mask with a 4-neighbour out of it."""
    guess = inner_edge(*sides(frame, frame.mask(1)))
    truth = inner_edge(*sides(frame, frame.label == 1))
    if not guess.any() or not truth.any():
        return mpf(0) if exact else 0.0
    d = measure(frame, truth, guess.ravel()[frame.index], exact)
    return mpmath.fsum(d) / len(d) if exact else d.mean()


def tube(mask, dilations):
    """Skeleton of a mask, dilated by the 4-neighbour cross, within the mask. The skeleton is scikit-image's, as in the
    published code: Zhang-Suen thinning by a table of its own, which removes other pixels than the paper's conditions.
    """
    grown = skeletonize(mask)
    for _ in range(dilations):
        grown = np.logical_or.reduce((grown, *neighbours(grown)))
    return grown & mask


def ridges(mask, valid, iterations):
    """What an opening takes away from a mask and from its first erosions: erosion by the 4-neighbour cross, opening
    by a dilation of 3 x 3 after it. Neither the frame nor an ignored pixel erodes."""
    found = np.zeros_like(mask)
    for _ in range(iterations + 1):
        eroded = binary_erosion(mask | ~valid, border_value=1) & valid
        found |= mask & ~binary_dilation(eroded, np.ones((3, 3)))
        mask = eroded
    return found


def depths(frame, inside, iterations, exact=False):
    """Of a mask, for the valid pixels: skeleton, depth min(d, R) / R and thinness (R - d + 1) / R. d is the distance to
    the nearest valid pixel outside, 0 there and 1 in a mask without outside; R its maximum on the skeleton, or 1."""
    skeleton = ridges(frame.plane(inside, False), frame.valid, iterations).ravel()[frame.index]
    d = across(frame, inside, exact)
    d[~inside] = d[~inside] * 0
    if inside.all():
        d[:] = 1
    radius = max([1, *d[skeleton]])
    return skeleton, np.minimum(d, radius) / radius, (radius - d + 1) / radius


def check():
    """The tube's dilation against scikit-image's."""
    rng = np.random.default_rng(3)
    for number in range(300):
        mask = rng.random(rng.integers(1, 24, 2)) < rng.uniform(0.3, 0.95)
        if number % 2:  # blobs: long iterations
            mask = np.kron(mask, np.ones((3, 4), bool))[:24, :24]
        skeleton = skeletonize(mask)
        assert not (skeleton & ~mask).any()
        assert (tube(mask, 0) == skeleton).all()
        assert (tube(mask, 2) == (dilation(dilation(skeleton)) & mask)).all()
