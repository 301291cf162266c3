# Made by std-adapter/python/stubs from the lists of core.
from typing import Any, Sequence, TypedDict

from torch import Tensor, nn
from typing_extensions import Unpack

from ._evaluate import Evaluation

class Options(TypedDict, total=False):
    layout: str | None
    multilabel: bool
    ignore: int
    class_weights: Sequence[float] | None
    reduction: str | None
    preset: str | None
    probabilities: bool
    threads: int | None
    level: str | None

OPTIONS: tuple[str, ...]

class Loss(nn.Module):
    name: str
    options: dict[str, Any]
    settings: dict[str, Any]
    def __init__(self, name: str, **arguments: Any) -> None: ...
    def forward(self, logits: Tensor, labels: Tensor, pixel_weights: Tensor | None = None) -> Tensor: ...
    def __call__(self, logits: Tensor, labels: Tensor, pixel_weights: Tensor | None = None) -> Tensor: ...
    def evaluate(
        self, logits: Tensor, labels: Tensor, pixel_weights: Tensor | None = None, **asked: bool
    ) -> Evaluation: ...

class CrossEntropy(Loss):
    def __init__(self, *, normalise: str = 'weights', **options: Unpack[Options]) -> None: ...

class BalancedCrossEntropy(Loss):
    def __init__(self, **options: Unpack[Options]) -> None: ...

class Focal(Loss):
    def __init__(
        self, *, focusing: float = 2.0, foreground_weight: float = 0.25, background_weight: float = 0.75, **options:
        Unpack[Options]
    ) -> None: ...

class ReducedFocal(Loss):
    def __init__(self, *, focusing: float = 2.0, threshold: float = 0.5, **options: Unpack[Options]) -> None: ...

class NormalisedFocal(Loss):
    def __init__(self, *, focusing: float = 2.0, **options: Unpack[Options]) -> None: ...

class TopK(Loss):
    def __init__(self, *, fraction: float = 0.1, **options: Unpack[Options]) -> None: ...

class Ohem(Loss):
    def __init__(self, *, threshold: float = 0.7, min_kept: float = 16.0, **options: Unpack[Options]) -> None: ...

class LabelSmoothed(Loss):
    def __init__(self, *, smoothing: float = 0.1, **options: Unpack[Options]) -> None: ...

class Bootstrapped(Loss):
    def __init__(self, *, label_share: float = 0.95, hard: bool = False, **options: Unpack[Options]) -> None: ...

class RecallCrossEntropy(Loss):
    def __init__(self, **options: Unpack[Options]) -> None: ...

class Poly1(Loss):
    def __init__(self, *, error_weight: float = 1.0, **options: Unpack[Options]) -> None: ...

class GeneralisedCrossEntropy(Loss):
    def __init__(self, *, exponent: float = 0.7, **options: Unpack[Options]) -> None: ...

class Dice(Loss):
    def __init__(
        self, *, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None, denominator_smooth:
        Sequence[float] | float | None = None, background: Sequence[float] | float | None = None, average: str =
        'macro', overlap: str = 'product', empty: str = 'smooth', **options: Unpack[Options]
    ) -> None: ...

class SquaredDice(Loss):
    def __init__(
        self, *, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None, denominator_smooth:
        Sequence[float] | float | None = None, background: Sequence[float] | float | None = None, average: str =
        'macro', empty: str = 'smooth', overlap: str = 'product', **options: Unpack[Options]
    ) -> None: ...

class LogCoshDice(Loss):
    def __init__(
        self, *, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None, denominator_smooth:
        Sequence[float] | float | None = None, background: Sequence[float] | float | None = None, average: str =
        'macro', overlap: str = 'product', empty: str = 'smooth', **options: Unpack[Options]
    ) -> None: ...

class LogDice(Loss):
    def __init__(
        self, *, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None, denominator_smooth:
        Sequence[float] | float | None = None, background: Sequence[float] | float | None = None, average: str =
        'macro', overlap: str = 'product', empty: str = 'smooth', **options: Unpack[Options]
    ) -> None: ...

class Jaccard(Loss):
    def __init__(
        self, *, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None, denominator_smooth:
        Sequence[float] | float | None = None, background: Sequence[float] | float | None = None, average: str =
        'macro', overlap: str = 'product', empty: str = 'smooth', **options: Unpack[Options]
    ) -> None: ...

class PowerJaccard(Loss):
    def __init__(
        self, *, exponent: float = 2.0, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None, background: Sequence[float] | float | None = None,
        average: str = 'macro', empty: str = 'smooth', **options: Unpack[Options]
    ) -> None: ...

class Tanimoto(Loss):
    def __init__(self, *, smooth: float = 1e-05, **options: Unpack[Options]) -> None: ...

class Tversky(Loss):
    def __init__(
        self, *, fp_weight: float = 0.3, fn_weight: float = 0.7, smooth: float = 1.0, numerator_smooth: Sequence[float]
        | float | None = None, denominator_smooth: Sequence[float] | float | None = None, background: Sequence[float] |
        float | None = None, average: str = 'macro', overlap: str = 'product', empty: str = 'smooth', **options:
        Unpack[Options]
    ) -> None: ...

class FocalTversky(Loss):
    def __init__(
        self, *, fp_weight: float = 0.3, fn_weight: float = 0.7, smooth: float = 1.0, numerator_smooth: Sequence[float]
        | float | None = None, denominator_smooth: Sequence[float] | float | None = None, background: Sequence[float] |
        float | None = None, average: str = 'macro', overlap: str = 'product', empty: str = 'smooth', exponent: float =
        0.75, **options: Unpack[Options]
    ) -> None: ...

class AsymmetricSimilarity(Loss):
    def __init__(
        self, *, beta: float = 1.5, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None, background: Sequence[float] | float | None = None,
        average: str = 'macro', overlap: str = 'product', empty: str = 'smooth', **options: Unpack[Options]
    ) -> None: ...

class SensitivitySpecificity(Loss):
    def __init__(
        self, *, sensitivity_weight: float = 0.1, denominator_smooth: float = 1e-05, **options: Unpack[Options]
    ) -> None: ...

class GeneralisedDice(Loss):
    def __init__(
        self, *, weighting: str = 'square', smooth: float = 0.0, numerator_smooth: Sequence[float] | float | None =
        None, denominator_smooth: Sequence[float] | float | None = None, **options: Unpack[Options]
    ) -> None: ...

class PenaltyGeneralisedDice(Loss):
    def __init__(
        self, *, penalty: float = 2.5, weighting: str = 'square', smooth: float = 0.0, numerator_smooth: Sequence[float]
        | float | None = None, denominator_smooth: Sequence[float] | float | None = None, **options: Unpack[Options]
    ) -> None: ...

class WassersteinDice(Loss):
    def __init__(
        self, *, distances: Sequence[float] | float | None = None, background_class: float = 0.0, mode: str = 'default',
        smooth: float = 1e-05, **options: Unpack[Options]
    ) -> None: ...

class NoiseRobustDice(Loss):
    def __init__(
        self, *, exponent: float = 1.5, denominator_smooth: float = 1e-05, background: Sequence[float] | float | None =
        None, average: str = 'macro', empty: str = 'smooth', **options: Unpack[Options]
    ) -> None: ...

class Mcc(Loss):
    def __init__(self, **options: Unpack[Options]) -> None: ...

class Recall(Loss):
    def __init__(
        self, *, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None, denominator_smooth:
        Sequence[float] | float | None = None, background: Sequence[float] | float | None = None, average: str =
        'macro', overlap: str = 'product', empty: str = 'smooth', **options: Unpack[Options]
    ) -> None: ...

class LovaszHinge(Loss):
    def __init__(self, **options: Unpack[Options]) -> None: ...

class LovaszSigmoid(Loss):
    def __init__(self, *, classes: str = 'all', **options: Unpack[Options]) -> None: ...

class LovaszSoftmax(Loss):
    def __init__(self, *, classes: str = 'present', **options: Unpack[Options]) -> None: ...

class DistancePenalised(Loss):
    def __init__(self, **options: Unpack[Options]) -> None: ...

class BoundaryDou(Loss):
    def __init__(self, *, smooth: float = 1e-05, **options: Unpack[Options]) -> None: ...

class Boundary(Loss):
    def __init__(self, *, convention: str = 'kervadec', **options: Unpack[Options]) -> None: ...

class HausdorffDistance(Loss):
    def __init__(self, *, exponent: float = 2.0, sides: str = 'both', **options: Unpack[Options]) -> None: ...

class LogHausdorff(Loss):
    def __init__(self, *, exponent: float = 2.0, sides: str = 'both', **options: Unpack[Options]) -> None: ...

class HausdorffErosion(Loss):
    def __init__(self, *, exponent: float = 2.0, erosions: float = 10.0, **options: Unpack[Options]) -> None: ...

class HausdorffConvolution(Loss):
    def __init__(
        self, *, exponent: float = 2.0, step: float = 3.0, scales: float = 6.0, **options: Unpack[Options]
    ) -> None: ...

class ShapeAware(Loss):
    def __init__(self, **options: Unpack[Options]) -> None: ...

class ActiveContour(Loss):
    def __init__(
        self, *, length_weight: float = 1.0, region_weight: float = 1.0, length_smooth: float = 1e-08, mean: bool =
        False, **options: Unpack[Options]
    ) -> None: ...

class Elastica(Loss):
    def __init__(self, *, length: float = 0.001, curvature: float = 2.0, **options: Unpack[Options]) -> None: ...

class BoundaryF1(Loss):
    def __init__(
        self, *, edge_window: float = 3.0, tolerance_window: float = 5.0, smooth: float = 1e-07, **options:
        Unpack[Options]
    ) -> None: ...

class ActiveBoundary(Loss):
    def __init__(
        self, *, share: float = 0.01, smoothing: float = 0.2, reach: float = 20.0, **options: Unpack[Options]
    ) -> None: ...

class ClDice(Loss):
    def __init__(self, *, iterations: float = 3.0, smooth: float = 1.0, **options: Unpack[Options]) -> None: ...

class CbDice(Loss):
    def __init__(self, *, iterations: float = 10.0, smooth: float = 1.0, **options: Unpack[Options]) -> None: ...

class SkeletonRecall(Loss):
    def __init__(self, *, smooth: float = 1.0, dilations: float = 2.0, **options: Unpack[Options]) -> None: ...

class Combo(Loss):
    def __init__(
        self, *, ce_share: float = 0.5, foreground_share: float = 0.5, smooth: float = 1.0, numerator_smooth:
        Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None, **options:
        Unpack[Options]
    ) -> None: ...

class ExponentialLogarithmic(Loss):
    def __init__(
        self, *, dice_weight: float = 0.8, cross_entropy_weight: float = 0.2, dice_exponent: float = 0.3,
        cross_entropy_exponent: float = 0.3, smooth: float = 1.0, background: bool = True, **options: Unpack[Options]
    ) -> None: ...

class UnifiedFocal(Loss):
    def __init__(
        self, *, asymmetric: bool = True, tversky_share: float = 0.5, fn_weight: float = 0.6, focusing: float = 0.5,
        **options: Unpack[Options]
    ) -> None: ...

class DiceCrossEntropy(Loss):
    def __init__(
        self, *, dice_weight: float = 1.0, other_weight: float = 1.0, smooth: float = 1.0, numerator_smooth:
        Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None, background:
        Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product', empty: str = 'smooth',
        normalise: str = 'weights', **options: Unpack[Options]
    ) -> None: ...

class DiceFocal(Loss):
    def __init__(
        self, *, dice_weight: float = 1.0, other_weight: float = 1.0, smooth: float = 1.0, numerator_smooth:
        Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None, background:
        Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product', empty: str = 'smooth',
        focusing: float = 2.0, foreground_weight: float = 0.25, background_weight: float = 0.75, **options:
        Unpack[Options]
    ) -> None: ...

class DiceTopK(Loss):
    def __init__(
        self, *, dice_weight: float = 1.0, other_weight: float = 1.0, smooth: float = 1.0, numerator_smooth:
        Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None, background:
        Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product', empty: str = 'smooth',
        fraction: float = 0.1, **options: Unpack[Options]
    ) -> None: ...

class HybridFocal(Loss):
    def __init__(
        self, *, tversky_share: float = 0.5, fp_weight: float = 0.3, fn_weight: float = 0.7, smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None =
        None, background: Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product',
        empty: str = 'smooth', exponent: float = 0.75, focusing: float = 2.0, foreground_weight: float = 0.25,
        background_weight: float = 0.75, **options: Unpack[Options]
    ) -> None: ...

class DiceBoundary(Loss):
    def __init__(
        self, *, dice_weight: float = 1.0, other_weight: float = 0.01, smooth: float = 1.0, numerator_smooth:
        Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None, background:
        Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product', empty: str = 'smooth',
        convention: str = 'kervadec', **options: Unpack[Options]
    ) -> None: ...

class DiceHausdorff(Loss):
    def __init__(
        self, *, dice_weight: float = 1.0, other_weight: float = 1.0, smooth: float = 1.0, numerator_smooth:
        Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None, background:
        Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product', empty: str = 'smooth',
        exponent: float = 2.0, sides: str = 'both', **options: Unpack[Options]
    ) -> None: ...
