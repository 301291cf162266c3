# Made by std-adapter/python/stubs from the lists of core.
from typing import Any, Sequence, TypedDict

from typing_extensions import Unpack

from ._evaluate import Evaluation

class Options(TypedDict, total=False):
    layout: str | None
    multilabel: bool
    ignore: int
    pixel_weights: Any
    class_weights: Sequence[float] | None
    reduction: str | None
    preset: str | None
    probabilities: bool
    scale: float | None
    zero_point: int | None
    gradient: bool
    per_class: bool
    threads: int | None
    level: str | None

def cross_entropy(
    logits: Any, labels: Any, *, normalise: str = 'weights', **options: Unpack[Options]
) -> Evaluation: ...
def balanced_cross_entropy(logits: Any, labels: Any, **options: Unpack[Options]) -> Evaluation: ...
def focal(
    logits: Any, labels: Any, *, focusing: float = 2.0, foreground_weight: float = 0.25, background_weight: float =
    0.75, **options: Unpack[Options]
) -> Evaluation: ...
def reduced_focal(
    logits: Any, labels: Any, *, focusing: float = 2.0, threshold: float = 0.5, **options: Unpack[Options]
) -> Evaluation: ...
def normalised_focal(logits: Any, labels: Any, *, focusing: float = 2.0, **options: Unpack[Options]) -> Evaluation: ...
def top_k(logits: Any, labels: Any, *, fraction: float = 0.1, **options: Unpack[Options]) -> Evaluation: ...
def ohem(
    logits: Any, labels: Any, *, threshold: float = 0.7, min_kept: float = 16.0, **options: Unpack[Options]
) -> Evaluation: ...
def label_smoothed(logits: Any, labels: Any, *, smoothing: float = 0.1, **options: Unpack[Options]) -> Evaluation: ...
def bootstrapped(
    logits: Any, labels: Any, *, label_share: float = 0.95, hard: bool = False, **options: Unpack[Options]
) -> Evaluation: ...
def recall_cross_entropy(logits: Any, labels: Any, **options: Unpack[Options]) -> Evaluation: ...
def poly1(logits: Any, labels: Any, *, error_weight: float = 1.0, **options: Unpack[Options]) -> Evaluation: ...
def generalised_cross_entropy(
    logits: Any, labels: Any, *, exponent: float = 0.7, **options: Unpack[Options]
) -> Evaluation: ...
def dice(
    logits: Any, labels: Any, *, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None,
    denominator_smooth: Sequence[float] | float | None = None, background: Sequence[float] | float | None = None,
    average: str = 'macro', overlap: str = 'product', empty: str = 'smooth', **options: Unpack[Options]
) -> Evaluation: ...
def squared_dice(
    logits: Any, labels: Any, *, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None,
    denominator_smooth: Sequence[float] | float | None = None, background: Sequence[float] | float | None = None,
    average: str = 'macro', empty: str = 'smooth', overlap: str = 'product', **options: Unpack[Options]
) -> Evaluation: ...
def log_cosh_dice(
    logits: Any, labels: Any, *, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None,
    denominator_smooth: Sequence[float] | float | None = None, background: Sequence[float] | float | None = None,
    average: str = 'macro', overlap: str = 'product', empty: str = 'smooth', **options: Unpack[Options]
) -> Evaluation: ...
def log_dice(
    logits: Any, labels: Any, *, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None,
    denominator_smooth: Sequence[float] | float | None = None, background: Sequence[float] | float | None = None,
    average: str = 'macro', overlap: str = 'product', empty: str = 'smooth', **options: Unpack[Options]
) -> Evaluation: ...
def jaccard(
    logits: Any, labels: Any, *, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None,
    denominator_smooth: Sequence[float] | float | None = None, background: Sequence[float] | float | None = None,
    average: str = 'macro', overlap: str = 'product', empty: str = 'smooth', **options: Unpack[Options]
) -> Evaluation: ...
def power_jaccard(
    logits: Any, labels: Any, *, exponent: float = 2.0, smooth: float = 1.0, numerator_smooth: Sequence[float] | float |
    None = None, denominator_smooth: Sequence[float] | float | None = None, background: Sequence[float] | float | None =
    None, average: str = 'macro', empty: str = 'smooth', **options: Unpack[Options]
) -> Evaluation: ...
def tanimoto(logits: Any, labels: Any, *, smooth: float = 1e-05, **options: Unpack[Options]) -> Evaluation: ...
def tversky(
    logits: Any, labels: Any, *, fp_weight: float = 0.3, fn_weight: float = 0.7, smooth: float = 1.0, numerator_smooth:
    Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None, background:
    Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product', empty: str = 'smooth',
    **options: Unpack[Options]
) -> Evaluation: ...
def focal_tversky(
    logits: Any, labels: Any, *, fp_weight: float = 0.3, fn_weight: float = 0.7, smooth: float = 1.0, numerator_smooth:
    Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None, background:
    Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product', empty: str = 'smooth',
    exponent: float = 0.75, **options: Unpack[Options]
) -> Evaluation: ...
def asymmetric_similarity(
    logits: Any, labels: Any, *, beta: float = 1.5, smooth: float = 1.0, numerator_smooth: Sequence[float] | float |
    None = None, denominator_smooth: Sequence[float] | float | None = None, background: Sequence[float] | float | None =
    None, average: str = 'macro', overlap: str = 'product', empty: str = 'smooth', **options: Unpack[Options]
) -> Evaluation: ...
def sensitivity_specificity(
    logits: Any, labels: Any, *, sensitivity_weight: float = 0.1, denominator_smooth: float = 1e-05, **options:
    Unpack[Options]
) -> Evaluation: ...
def generalised_dice(
    logits: Any, labels: Any, *, weighting: str = 'square', smooth: float = 0.0, numerator_smooth: Sequence[float] |
    float | None = None, denominator_smooth: Sequence[float] | float | None = None, **options: Unpack[Options]
) -> Evaluation: ...
def penalty_generalised_dice(
    logits: Any, labels: Any, *, penalty: float = 2.5, weighting: str = 'square', smooth: float = 0.0, numerator_smooth:
    Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None, **options:
    Unpack[Options]
) -> Evaluation: ...
def wasserstein_dice(
    logits: Any, labels: Any, *, distances: Sequence[float] | float | None = None, background_class: float = 0.0, mode:
    str = 'default', smooth: float = 1e-05, **options: Unpack[Options]
) -> Evaluation: ...
def noise_robust_dice(
    logits: Any, labels: Any, *, exponent: float = 1.5, denominator_smooth: float = 1e-05, background: Sequence[float] |
    float | None = None, average: str = 'macro', empty: str = 'smooth', **options: Unpack[Options]
) -> Evaluation: ...
def mcc(logits: Any, labels: Any, **options: Unpack[Options]) -> Evaluation: ...
def recall(
    logits: Any, labels: Any, *, smooth: float = 1.0, numerator_smooth: Sequence[float] | float | None = None,
    denominator_smooth: Sequence[float] | float | None = None, background: Sequence[float] | float | None = None,
    average: str = 'macro', overlap: str = 'product', empty: str = 'smooth', **options: Unpack[Options]
) -> Evaluation: ...
def lovasz_hinge(logits: Any, labels: Any, **options: Unpack[Options]) -> Evaluation: ...
def lovasz_sigmoid(logits: Any, labels: Any, *, classes: str = 'all', **options: Unpack[Options]) -> Evaluation: ...
def lovasz_softmax(
    logits: Any, labels: Any, *, classes: str = 'present', **options: Unpack[Options]
) -> Evaluation: ...
def distance_penalised(logits: Any, labels: Any, **options: Unpack[Options]) -> Evaluation: ...
def boundary_dou(logits: Any, labels: Any, *, smooth: float = 1e-05, **options: Unpack[Options]) -> Evaluation: ...
def boundary(logits: Any, labels: Any, *, convention: str = 'kervadec', **options: Unpack[Options]) -> Evaluation: ...
def hausdorff_distance(
    logits: Any, labels: Any, *, exponent: float = 2.0, sides: str = 'both', **options: Unpack[Options]
) -> Evaluation: ...
def log_hausdorff(
    logits: Any, labels: Any, *, exponent: float = 2.0, sides: str = 'both', **options: Unpack[Options]
) -> Evaluation: ...
def hausdorff_erosion(
    logits: Any, labels: Any, *, exponent: float = 2.0, erosions: float = 10.0, **options: Unpack[Options]
) -> Evaluation: ...
def hausdorff_convolution(
    logits: Any, labels: Any, *, exponent: float = 2.0, step: float = 3.0, scales: float = 6.0, **options:
    Unpack[Options]
) -> Evaluation: ...
def shape_aware(logits: Any, labels: Any, **options: Unpack[Options]) -> Evaluation: ...
def active_contour(
    logits: Any, labels: Any, *, length_weight: float = 1.0, region_weight: float = 1.0, length_smooth: float = 1e-08,
    mean: bool = False, **options: Unpack[Options]
) -> Evaluation: ...
def elastica(
    logits: Any, labels: Any, *, length: float = 0.001, curvature: float = 2.0, **options: Unpack[Options]
) -> Evaluation: ...
def boundary_f1(
    logits: Any, labels: Any, *, edge_window: float = 3.0, tolerance_window: float = 5.0, smooth: float = 1e-07,
    **options: Unpack[Options]
) -> Evaluation: ...
def active_boundary(
    logits: Any, labels: Any, *, share: float = 0.01, smoothing: float = 0.2, reach: float = 20.0, **options:
    Unpack[Options]
) -> Evaluation: ...
def cldice(
    logits: Any, labels: Any, *, iterations: float = 3.0, smooth: float = 1.0, **options: Unpack[Options]
) -> Evaluation: ...
def cbdice(
    logits: Any, labels: Any, *, iterations: float = 10.0, smooth: float = 1.0, **options: Unpack[Options]
) -> Evaluation: ...
def skeleton_recall(
    logits: Any, labels: Any, *, smooth: float = 1.0, dilations: float = 2.0, **options: Unpack[Options]
) -> Evaluation: ...
def combo(
    logits: Any, labels: Any, *, ce_share: float = 0.5, foreground_share: float = 0.5, smooth: float = 1.0,
    numerator_smooth: Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None,
    **options: Unpack[Options]
) -> Evaluation: ...
def exponential_logarithmic(
    logits: Any, labels: Any, *, dice_weight: float = 0.8, cross_entropy_weight: float = 0.2, dice_exponent: float =
    0.3, cross_entropy_exponent: float = 0.3, smooth: float = 1.0, background: bool = True, **options: Unpack[Options]
) -> Evaluation: ...
def unified_focal(
    logits: Any, labels: Any, *, asymmetric: bool = True, tversky_share: float = 0.5, fn_weight: float = 0.6, focusing:
    float = 0.5, **options: Unpack[Options]
) -> Evaluation: ...
def dice_cross_entropy(
    logits: Any, labels: Any, *, dice_weight: float = 1.0, other_weight: float = 1.0, smooth: float = 1.0,
    numerator_smooth: Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None,
    background: Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product', empty: str =
    'smooth', normalise: str = 'weights', **options: Unpack[Options]
) -> Evaluation: ...
def dice_focal(
    logits: Any, labels: Any, *, dice_weight: float = 1.0, other_weight: float = 1.0, smooth: float = 1.0,
    numerator_smooth: Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None,
    background: Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product', empty: str =
    'smooth', focusing: float = 2.0, foreground_weight: float = 0.25, background_weight: float = 0.75, **options:
    Unpack[Options]
) -> Evaluation: ...
def dice_top_k(
    logits: Any, labels: Any, *, dice_weight: float = 1.0, other_weight: float = 1.0, smooth: float = 1.0,
    numerator_smooth: Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None,
    background: Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product', empty: str =
    'smooth', fraction: float = 0.1, **options: Unpack[Options]
) -> Evaluation: ...
def hybrid_focal(
    logits: Any, labels: Any, *, tversky_share: float = 0.5, fp_weight: float = 0.3, fn_weight: float = 0.7, smooth:
    float = 1.0, numerator_smooth: Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float |
    None = None, background: Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product',
    empty: str = 'smooth', exponent: float = 0.75, focusing: float = 2.0, foreground_weight: float = 0.25,
    background_weight: float = 0.75, **options: Unpack[Options]
) -> Evaluation: ...
def dice_boundary(
    logits: Any, labels: Any, *, dice_weight: float = 1.0, other_weight: float = 0.01, smooth: float = 1.0,
    numerator_smooth: Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None,
    background: Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product', empty: str =
    'smooth', convention: str = 'kervadec', **options: Unpack[Options]
) -> Evaluation: ...
def dice_hausdorff(
    logits: Any, labels: Any, *, dice_weight: float = 1.0, other_weight: float = 1.0, smooth: float = 1.0,
    numerator_smooth: Sequence[float] | float | None = None, denominator_smooth: Sequence[float] | float | None = None,
    background: Sequence[float] | float | None = None, average: str = 'macro', overlap: str = 'product', empty: str =
    'smooth', exponent: float = 2.0, sides: str = 'both', **options: Unpack[Options]
) -> Evaluation: ...
