"""The frames the losses are computed on. Random numbers are multiples of 1/128 where nothing needs more: short
in the file, exact in f32."""

import numpy as np

from common import IGNORE, dequantise, random_labels


def fixture(logits, labels, weights=None, quantised=None):
    """Binary: one logit plane. Logits are rounded to f32 before anything is computed: Rust starts from the same."""
    logits, labels = np.atleast_2d(np.asarray(logits, np.float32)), np.atleast_2d(labels)
    assert logits.shape == labels.shape and np.isin(labels, (0, 1, IGNORE)).all() and np.isfinite(logits).all()
    if weights is not None:
        weights = np.asarray(weights, np.float32).ravel().astype(float).tolist()
    return {
        "height": logits.shape[0], "width": logits.shape[1],
        "logits": logits.ravel().astype(float).tolist(), "labels": labels.ravel().astype(int).tolist(),
        "weights": weights, "ignore": IGNORE, "quantised": quantised,
    }


def planes(values, labels=None, targets=None, weights=None, class_weights=None, kind="logits", quantised=None):
    """Any number of planes (C, H, W), with soft targets, class weights or probabilities where asked for."""
    values = np.asarray(values, np.float32)
    count, height, width = values.shape

    def flat(x):
        return None if x is None else np.asarray(x, np.float32).ravel().astype(float).tolist()

    assert labels is None or (np.asarray(labels) < max(count, 2)).__or__(np.asarray(labels) == IGNORE).all()
    if targets is not None and count > 1:
        assert (np.asarray(targets, np.float32).sum(axis=0) == 1).all()
    return {
        "height": height, "width": width, "classes": count, "logits": flat(values),
        "labels": None if labels is None else np.asarray(labels, int).ravel().tolist(), "targets": flat(targets),
        "weights": flat(weights), "class_weights": flat(class_weights), "input": kind, "ignore": IGNORE,
        "quantised": quantised,
    }


def quantised_fixture(codes, scale, zero_point, labels):
    facts = {"codes": codes.ravel().tolist(), "scale": float(np.float32(scale)), "zero_point": zero_point}
    return fixture(dequantise(codes, scale, zero_point), labels, quantised=facts)


def spec_plane():
    """Logits and labels of the golden fixture of the losses reference."""
    y, x = np.mgrid[0:6, 0:8].astype(float)
    logits = 4 * np.sin(0.9 * x + 0.35 * y) - 1.5 * np.cos(0.6 * y - 0.2 * x)
    return logits, ((x - 3.2) ** 2 + (y - 2.7) ** 2 <= 4.5).astype(int)


def spec_planes():
    """Its three-class sister."""
    y, x = np.mgrid[0:6, 0:8].astype(float)
    logits = [2 * np.cos(0.5 * x + 0.1 * y), 2 * np.sin(0.7 * y + 0.2 * x), 1.5 * np.cos(0.3 * x - 0.8 * y)]
    return np.stack(logits), ((x + 2 * y).astype(int) // 4) % 3


def analytic_fixtures():
    """The golden fixture, and the saturated, one-sided and degenerate cases made from it."""
    logits, labels = spec_plane()
    sign, ones = 2 * labels - 1, np.ones_like(labels)
    # 16.64 is where the f32 sigmoid becomes 1, 88.72 (not reached) where exp overflows.
    ladder = np.array([0, .25, .5, 1, 2, 4, 8, 12, 16, 16.64, 17, 20, 30, 40, 60, 88])
    half = (np.arange(16) + np.arange(4)[:, None] // 2) % 2  # both labels meet both signs of each margin
    return {
        "spec": fixture(logits, labels),
        "empty": fixture(logits, 0 * ones),
        "empty_cold": fixture(-9 * ones, 0 * ones),
        "full": fixture(logits, ones),
        "right40": fixture(40 * sign, labels),
        "wrong40": fixture(-40 * sign, labels),
        "right88": fixture(88 * sign, labels),
        "wrong88": fixture(-88 * sign, labels),
        "mixed_margins": fixture(np.array([1, -1, 1, -1])[:, None] * ladder, half),
        "one_pixel": fixture([[0.75]], [[1]]),
    }


def random_fixtures():
    rng = np.random.default_rng(20250601)

    def draw(shape, ignored):
        return rng.normal(0, 3, shape), random_labels(rng, shape, ignored)

    logits, labels = draw((13, 37), 0.1)
    weights = np.where(rng.random(labels.shape) < 0.05, 0, rng.uniform(0, 2, labels.shape))
    heavy = np.argwhere(labels == 1)[7]  # one road pixel that outweighs the rest of its class
    weights[tuple(heavy)] = 50
    named = {"random": fixture(logits, labels, weights)}
    logits, labels = draw((17, 23), 0.1)
    skipped = np.argwhere(labels == IGNORE)
    # An ignored pixel must not leak through 0 * infinity, so two of them hold absurd logits.
    logits[tuple(skipped[0])], logits[tuple(skipped[1])] = 1e30, -1e30
    named["random_unweighted"] = fixture(logits, labels)
    codes = rng.integers(-128, 128, (9, 31)).astype(np.int8)
    codes.flat[:4] = -128, 127, -7, -7  # both ends and the zero point itself
    named["quantised"] = quantised_fixture(codes, 0.0833, -7, random_labels(rng, codes.shape, 0.1))
    named["one_row"] = fixture(*draw((1, 29), 0.1))
    named["one_column"] = fixture(*draw((29, 1), 0.1))
    named["all_ignored"] = fixture(*draw((5, 7), 1))
    return named


def road_fixture(demo):
    """A corner of a foggy frame: road, verge, unlabelled traffic, and plenty of wrong pixels."""
    crop = np.s_[46:70, 100:140]
    labels, codes = demo.hand_label(120)[crop], demo.codes[120][crop]
    assert all((labels == k).sum() > 150 for k in (0, 1, IGNORE))
    return quantised_fixture(codes, demo.scale, demo.zero_point, labels)


def grid(x, parts=128):
    """Rounded to a multiple of 1/parts."""
    return np.round(np.asarray(x) * parts) / parts


def labels_of(rng, classes, shape, ignored=0.1):
    return np.where(rng.random(shape) < ignored, IGNORE, rng.integers(0, classes, shape))


def weights_of(rng, shape):
    return np.where(rng.random(shape) < 0.06, 0, grid(rng.uniform(0.1, 2, shape), 16))


def shares(rng, classes, shape, parts):
    """Random numbers that sum to 1 over the first axis, multiples of 1/parts, none 0."""
    raw = rng.dirichlet(np.ones(classes), shape).transpose(2, 0, 1)
    steps = np.maximum(1, np.floor(raw * (parts - classes))).astype(int)
    steps[0] += parts - steps.sum(axis=0)
    return steps / parts


def more_binary_fixtures():
    rng = np.random.default_rng(4)
    shape = 5, 10
    named = {"weighted": planes(grid(rng.normal(0, 2, (1, *shape))), random_labels(rng, shape, 0.1),
                                weights=weights_of(rng, shape), class_weights=[0.75, 2])}
    shape = 6, 8
    named["soft"] = planes(grid(rng.normal(0, 2, (1, *shape))), targets=grid(rng.beta(0.6, 0.8, (1, *shape)), 64),
                           weights=weights_of(rng, shape))
    # Odd multiples of 1/1024, no two equally far from 1/2: no p is another's 1 - p.
    away = (2 * rng.permutation(254)[:48] + 1) * rng.choice((-1, 1), 48)
    named["probability"] = planes((512 + away).reshape(1, *shape) / 1024, random_labels(rng, shape, 0.1),
                                  weights=weights_of(rng, shape), kind="probabilities")
    edges = np.array([[[0, 1, 0, 1, 1e-14, 1e-30, 0.5, 1 - 2.0**-24]]])
    named["probability_edges"] = planes(edges, [[1, 0, 0, 1, 1, 1, 1, 0]], kind="probabilities")
    return named


def multiclass_fixtures():
    rng = np.random.default_rng(16)

    def logits(classes, shape):
        return grid(rng.normal(0, 2, (classes, *shape)))

    values, labels = spec_planes()
    named = {"spec_multi": planes(values, labels)}
    shape = 3, 5
    named["multi_weighted"] = planes(logits(5, shape), labels_of(rng, 5, shape), weights=weights_of(rng, shape),
                                     class_weights=[0.25, 1, 3, 1.5, 0.5])
    shape = 4, 5
    named["multi_two"] = planes(logits(2, shape), labels_of(rng, 2, shape))
    named["multi_32"] = planes(logits(32, (2, 3)), [[0, 31, 7], [IGNORE, 7, 15]])
    labels = labels_of(rng, 3, (4, 4))
    named["multi_absent"] = planes(logits(4, (4, 4)), np.where(labels == 2, 3, labels))  # there is no class 2
    named["multi_ignored"] = planes(logits(3, (2, 3)), np.full((2, 3), IGNORE))
    named["multi_soft"] = planes(logits(3, shape), targets=shares(rng, 3, shape, 64), weights=weights_of(rng, shape))
    named["multi_probability"] = planes(shares(rng, 3, shape, 1024), labels_of(rng, 3, shape), kind="probabilities")
    # Six margins per label: right by 20, 40, 88 and wrong by as much; the third class lies between.
    labels = np.repeat(np.arange(3), 6).reshape(3, 6)
    values, margins = np.zeros((3, 3, 6)), np.array([20, 40, 88, -20, -40, -88])
    for c in range(3):
        values[c, c] = margins / 2
        values[(c + 1) % 3, c] = -margins / 2
        values[(c + 2) % 3, c] = [-3, 1.5, -20, 2, -7, 11]
    values += 0.125 * np.arange(18).reshape(3, 6) * np.array([1, 0, -1])[:, None, None]  # no two errors alike
    named["multi_saturated"] = planes(values, labels)
    codes = rng.integers(-128, 128, (3, 4, 9)).astype(np.int8)
    facts = {"codes": codes.ravel().tolist(), "scale": float(np.float32(0.0517)), "zero_point": 11}
    named["multi_quantised"] = planes(dequantise(codes, 0.0517, 11), labels_of(rng, 3, (4, 9)), quantised=facts)
    return named


def distinct(rng, values):
    """Rounded to 1/256 and moved by steps until no two are alike: equal pixels would leave the gradient of a
    maximum to a rule about ties."""
    steps, seen = np.round(values.ravel() * 256).astype(int), set()
    for i, step in enumerate(steps):
        while step in seen or step == 0:
            step += rng.choice((-1, 1))
        seen.add(step)
        steps[i] = step
    return steps.reshape(values.shape) / 256


def band(shape, middle, half):
    """Signed distance-like plane, positive inside a curved band from the upper to the lower edge."""
    y, x = np.mgrid[:shape[0], :shape[1]].astype(float)
    return half - np.abs(x - middle - 0.2 * shape[1] * np.sin(6 * y / shape[0]))


def patch_out(rng, labels, block):
    """Ignored: a block, and single pixels."""
    return np.where(block | (rng.random(labels.shape) < 0.03), IGNORE, labels)


def spatial_fixtures():
    """A curved road that touches the frame, guessed with errors of place and size; ignored pixels on its edge."""
    rng = np.random.default_rng(12)
    named, shape = {}, (24, 32)
    truth = band(shape, 14, 4.5)
    truth[15:18, 25:29] = 1  # an island
    guess = distinct(rng, 0.45 * band(shape, 15.5, 4) + rng.normal(0, 0.8, shape))
    block = np.zeros(shape, bool)
    block[6:11, 14:20] = True
    named["curve"] = planes(guess[None], patch_out(rng, (truth > 0).astype(int), block))
    shape = 10, 13
    truth, block = band(shape, 6, 2.2), np.zeros(shape, bool)
    block[4:6, 5:8] = True
    guess = distinct(rng, 0.6 * band(shape, 6.8, 2) + rng.normal(0, 0.6, shape))
    named["curve_weighted"] = planes(guess[None], patch_out(rng, (truth > 0).astype(int), block),
                                     weights=weights_of(rng, shape), class_weights=[0.75, 2])
    shape = 9, 12
    road, car = band(shape, 4, 1.8), band(shape, 8.2, 1.4)
    labels = np.where(road > 0, 1, np.where(car > 0, 2, 0))
    block = np.zeros(shape, bool)
    block[3:5, 6:8] = True
    guess = np.stack([0 * road, 0.7 * band(shape, 4.6, 1.8), 0.8 * band(shape, 7.8, 1.8)])
    guess += rng.normal(0, 0.7, guess.shape)
    named["curve_multi"] = planes(distinct(rng, guess), patch_out(rng, labels, block), weights=weights_of(rng, shape),
                                  class_weights=[0.5, 1, 2.5])
    logits, labels = spec_plane()
    named["missed"] = fixture(logits - 8, labels)  # nothing is predicted
    return named
