# Made by std-adapter/python/stubs from the lists of core.
from typing import Any, Sequence

from torch import Tensor, nn

from ._evaluate import Evaluation

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
    def __init__(
        self,
        *,
        normalise: str = 'weights',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class BalancedCrossEntropy(Loss):
    def __init__(
        self,
        *,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Focal(Loss):
    def __init__(
        self,
        *,
        focusing: float = 2.0,
        foreground_weight: float = 0.25,
        background_weight: float = 0.75,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class ReducedFocal(Loss):
    def __init__(
        self,
        *,
        focusing: float = 2.0,
        threshold: float = 0.5,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class NormalisedFocal(Loss):
    def __init__(
        self,
        *,
        focusing: float = 2.0,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class TopK(Loss):
    def __init__(
        self,
        *,
        fraction: float = 0.1,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Ohem(Loss):
    def __init__(
        self,
        *,
        threshold: float = 0.7,
        min_kept: float = 16.0,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class LabelSmoothed(Loss):
    def __init__(
        self,
        *,
        smoothing: float = 0.1,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Bootstrapped(Loss):
    def __init__(
        self,
        *,
        label_share: float = 0.95,
        hard: bool = False,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class RecallCrossEntropy(Loss):
    def __init__(
        self,
        *,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Poly1(Loss):
    def __init__(
        self,
        *,
        error_weight: float = 1.0,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class GeneralisedCrossEntropy(Loss):
    def __init__(
        self,
        *,
        exponent: float = 0.7,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Dice(Loss):
    def __init__(
        self,
        *,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class SquaredDice(Loss):
    def __init__(
        self,
        *,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        empty: str = 'smooth',
        overlap: str = 'product',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class LogCoshDice(Loss):
    def __init__(
        self,
        *,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class LogDice(Loss):
    def __init__(
        self,
        *,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Jaccard(Loss):
    def __init__(
        self,
        *,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class PowerJaccard(Loss):
    def __init__(
        self,
        *,
        exponent: float = 2.0,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        empty: str = 'smooth',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Tanimoto(Loss):
    def __init__(
        self,
        *,
        smooth: float = 1e-05,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Tversky(Loss):
    def __init__(
        self,
        *,
        fp_weight: float = 0.3,
        fn_weight: float = 0.7,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class FocalTversky(Loss):
    def __init__(
        self,
        *,
        fp_weight: float = 0.3,
        fn_weight: float = 0.7,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        exponent: float = 0.75,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class AsymmetricSimilarity(Loss):
    def __init__(
        self,
        *,
        beta: float = 1.5,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class SensitivitySpecificity(Loss):
    def __init__(
        self,
        *,
        sensitivity_weight: float = 0.1,
        denominator_smooth: float = 1e-05,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class GeneralisedDice(Loss):
    def __init__(
        self,
        *,
        weighting: str = 'square',
        smooth: float = 0.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class PenaltyGeneralisedDice(Loss):
    def __init__(
        self,
        *,
        penalty: float = 2.5,
        weighting: str = 'square',
        smooth: float = 0.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class WassersteinDice(Loss):
    def __init__(
        self,
        *,
        distances: Sequence[float] | float | None = None,
        background_class: float = 0.0,
        mode: str = 'default',
        smooth: float = 1e-05,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class NoiseRobustDice(Loss):
    def __init__(
        self,
        *,
        exponent: float = 1.5,
        denominator_smooth: float = 1e-05,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        empty: str = 'smooth',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Mcc(Loss):
    def __init__(
        self,
        *,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Recall(Loss):
    def __init__(
        self,
        *,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class LovaszHinge(Loss):
    def __init__(
        self,
        *,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class LovaszSigmoid(Loss):
    def __init__(
        self,
        *,
        classes: str = 'all',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class LovaszSoftmax(Loss):
    def __init__(
        self,
        *,
        classes: str = 'present',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class DistancePenalised(Loss):
    def __init__(
        self,
        *,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class BoundaryDou(Loss):
    def __init__(
        self,
        *,
        smooth: float = 1e-05,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Boundary(Loss):
    def __init__(
        self,
        *,
        convention: str = 'kervadec',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class HausdorffDistance(Loss):
    def __init__(
        self,
        *,
        exponent: float = 2.0,
        sides: str = 'both',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class LogHausdorff(Loss):
    def __init__(
        self,
        *,
        exponent: float = 2.0,
        sides: str = 'both',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class HausdorffErosion(Loss):
    def __init__(
        self,
        *,
        exponent: float = 2.0,
        erosions: float = 10.0,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class HausdorffConvolution(Loss):
    def __init__(
        self,
        *,
        exponent: float = 2.0,
        step: float = 3.0,
        scales: float = 6.0,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class ShapeAware(Loss):
    def __init__(
        self,
        *,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class ActiveContour(Loss):
    def __init__(
        self,
        *,
        length_weight: float = 1.0,
        region_weight: float = 1.0,
        length_smooth: float = 1e-08,
        mean: bool = False,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Elastica(Loss):
    def __init__(
        self,
        *,
        length: float = 0.001,
        curvature: float = 2.0,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class BoundaryF1(Loss):
    def __init__(
        self,
        *,
        edge_window: float = 3.0,
        tolerance_window: float = 5.0,
        smooth: float = 1e-07,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class ActiveBoundary(Loss):
    def __init__(
        self,
        *,
        share: float = 0.01,
        smoothing: float = 0.2,
        reach: float = 20.0,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class ClDice(Loss):
    def __init__(
        self,
        *,
        iterations: float = 3.0,
        smooth: float = 1.0,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class CbDice(Loss):
    def __init__(
        self,
        *,
        iterations: float = 10.0,
        smooth: float = 1.0,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class SkeletonRecall(Loss):
    def __init__(
        self,
        *,
        smooth: float = 1.0,
        dilations: float = 2.0,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class Combo(Loss):
    def __init__(
        self,
        *,
        ce_share: float = 0.5,
        foreground_share: float = 0.5,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class ExponentialLogarithmic(Loss):
    def __init__(
        self,
        *,
        dice_weight: float = 0.8,
        cross_entropy_weight: float = 0.2,
        dice_exponent: float = 0.3,
        cross_entropy_exponent: float = 0.3,
        smooth: float = 1.0,
        background: bool = True,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class UnifiedFocal(Loss):
    def __init__(
        self,
        *,
        asymmetric: bool = True,
        tversky_share: float = 0.5,
        fn_weight: float = 0.6,
        focusing: float = 0.5,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class DiceCrossEntropy(Loss):
    def __init__(
        self,
        *,
        dice_weight: float = 1.0,
        other_weight: float = 1.0,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        normalise: str = 'weights',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class DiceFocal(Loss):
    def __init__(
        self,
        *,
        dice_weight: float = 1.0,
        other_weight: float = 1.0,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        focusing: float = 2.0,
        foreground_weight: float = 0.25,
        background_weight: float = 0.75,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class DiceTopK(Loss):
    def __init__(
        self,
        *,
        dice_weight: float = 1.0,
        other_weight: float = 1.0,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        fraction: float = 0.1,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class HybridFocal(Loss):
    def __init__(
        self,
        *,
        tversky_share: float = 0.5,
        fp_weight: float = 0.3,
        fn_weight: float = 0.7,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        exponent: float = 0.75,
        focusing: float = 2.0,
        foreground_weight: float = 0.25,
        background_weight: float = 0.75,
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class DiceBoundary(Loss):
    def __init__(
        self,
        *,
        dice_weight: float = 1.0,
        other_weight: float = 1.0,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        convention: str = 'kervadec',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...

class DiceHausdorff(Loss):
    def __init__(
        self,
        *,
        dice_weight: float = 1.0,
        other_weight: float = 1.0,
        smooth: float = 1.0,
        numerator_smooth: Sequence[float] | float | None = None,
        denominator_smooth: Sequence[float] | float | None = None,
        background: Sequence[float] | float | None = None,
        average: str = 'macro',
        overlap: str = 'product',
        empty: str = 'smooth',
        exponent: float = 2.0,
        sides: str = 'both',
        layout: str | None = None,
        multilabel: bool = False,
        ignore: int = 255,
        class_weights: Sequence[float] | None = None,
        reduction: str | None = None,
        preset: str | None = None,
        probabilities: bool = False,
        threads: int | None = None,
        level: str | None = None,
    ) -> None: ...
