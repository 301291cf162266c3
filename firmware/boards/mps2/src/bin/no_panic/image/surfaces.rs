//! Contours, distances between them, and what is counted along them.

use core::hint::black_box;

use segmeter_core::Result;
use segmeter_core::metric::surface::{
    BoundaryIou, Direction, Matching, Percentile, Pooling, Rank, Spacing, Surface, Trimap,
};
use segmeter_core::metric::{Empty, Score};
use segmeter_core::plane::{Contour, Edge, Row};

use super::{either, shape, unknown, unknown_mut, x};

fn row() -> Row<'static> {
    if either() {
        let ids = unknown(&[0; 5]);
        return Row::Ids {
            prediction: ids,
            label: unknown(&[0; 5]),
            class: black_box(1),
            ignore: black_box(9),
        };
    }
    let valid = either().then(|| unknown(&[0]));
    Row::Bits { prediction: unknown(&[0]), label: unknown(&[0]), valid }
}

fn contour() -> Contour {
    let edges = [Edge::Inner4, Edge::Inner8, Edge::HalfPixel, Edge::Corners];
    let edge = edges.get(black_box(2)).copied().unwrap_or_default();
    Contour { edge, frame_counts: either() }
}

fn directions() -> [Direction; 2] {
    black_box([Direction::PredictionToLabel, Direction::LabelToPrediction])
}

fn numbers<const N: usize>(scores: [Score; N]) {
    black_box(scores.map(|score| score.value()));
}

pub(super) fn all() -> Result<()> {
    let mut scratch = [0; 2048];
    let scratch = unknown_mut(&mut scratch);
    distances(scratch)?;
    streams(scratch)
}

fn spacing() -> Result<Spacing> {
    let spacing = Spacing::new(x().into(), x().into())?;
    black_box((spacing.squares(), spacing.row(), spacing.column()));
    Ok(spacing)
}

fn distances(scratch: &mut [u32]) -> Result<()> {
    let rank = if either() { Rank::Linear } else { Rank::FirstReached };
    let pooling = if either() { Pooling::Pooled } else { Pooling::Directed };
    let percentile = either().then_some(Percentile { quantile: x().into(), rank, pooling });
    let mut definition =
        Surface { contour: contour(), spacing: spacing()?, percentile, ..Surface::default() };
    definition.hausdorff_empties.both = black_box(Empty::Worst);
    definition.tolerance = x().into();
    definition.check(shape()?)?;
    black_box(definition.scratch_len(shape()?));
    let mut rows = definition.rows(shape()?, scratch)?;
    while either() {
        rows.push_row(&row())?;
    }
    let report = rows.finish()?;
    black_box((report.definition(), report.missing()));
    numbers([report.hausdorff(), report.assd(), report.masd(), report.mean()]);
    numbers([report.nsd_pooled(), report.nsd_of_shares(), report.nsd(), report.f_score()]);
    black_box(report.percentile());
    for direction in directions() {
        numbers([
            report.directed_hausdorff(direction),
            report.directed_mean(direction),
            report.matched(direction),
        ]);
    }
    Ok(())
}

fn streams(scratch: &mut [u32]) -> Result<()> {
    let width = black_box(5);
    macro_rules! by_rows {
        ($metric:expr) => {{
            let metric = $metric;
            let mut rows = metric.rows(width, scratch)?;
            while either() {
                rows.push_row(&row())?;
            }
            let mut counts = rows.finish();
            let other = black_box(counts);
            counts.merge(&other)?;
            black_box((counts.saturated(), counts.definition()));
            counts
        }};
    }
    let matching = Matching { contour: contour(), spacing: spacing()?, ..Matching::new(x().into()) };
    black_box((matching.scratch_len(width)?, Matching::davis(shape()?)));
    let counts = by_rows!(black_box(matching));
    black_box(counts.missing());
    numbers([counts.nsd(), counts.nsd_of_shares(), counts.f_score()]);
    for direction in directions() {
        black_box((counts.matched(direction), counts.pixels(direction).value()));
    }
    let iou = BoundaryIou::of_diagonal(x().into(), shape()?);
    black_box(iou.scratch_len(width));
    black_box(by_rows!(black_box(iou)).iou().value());
    let progress = black_box(iou).rows(width, scratch)?.progress();
    let mut rows = black_box(iou).resume(width, scratch, black_box(progress))?;
    rows.push_row(&row())?;
    black_box(rows.finish());
    let trimap = Trimap { contour: contour(), ..Trimap::new(x().into()) };
    black_box(trimap.scratch_len(width)?);
    let counts = by_rows!(black_box(trimap));
    black_box((counts.report().iou().value(), counts.accuracy().value()));
    Ok(())
}
