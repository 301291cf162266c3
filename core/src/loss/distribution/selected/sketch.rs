//! The worst pixels of a histogram.

use super::Selection;
use crate::loss::Evaluation;
use crate::loss::walk::ratio;
use crate::num::ExactSum;
use crate::simd::Scalar;
use crate::sketch::{GradientTable, SigmoidTable, Sketch};
use crate::view::Activation;

pub(super) fn of_sketch<L: Selection>(
    loss: &L,
    sketch: &Sketch,
    table: &SigmoidTable,
    weight: f32,
    gradient: Option<&mut GradientTable>,
) -> Evaluation {
    let total = sketch.labelled(0) + sketch.labelled(1);
    if total == 0 {
        return Evaluation::UNDEFINED;
    }
    let cut = loss.cut(total as usize);
    let bound = last_in(sketch, table, cut.rank);
    let margin = cut.margin();
    let is_below = |label: u8, index: u8, badness: f32| match table.activation() {
        Activation::Logits => badness > margin,
        Activation::Probabilities => {
            cut.threshold.is_some_and(|threshold| own_of(table, label, index) < threshold)
        }
    };
    // Visits what is taken of each code, from the worst on.
    let taken = |visit: &mut dyn FnMut(u8, u8, u32, u32)| {
        let mut left = cut.rank;
        worst_first(sketch, table, |label, index, badness, count| {
            let taken = if badness > bound || is_below(label, index, badness) {
                count
            } else if badness >= bound && cut.keeps_last {
                count.min(left as u32)
            } else {
                return false;
            };
            left = left.saturating_sub(taken as usize);
            visit(label, index, count, taken);
            true
        });
    };
    let (mut sum, mut kept) = (ExactSum::default(), 0_u64);
    taken(&mut |label, index, _, taken| {
        sum.add(table.cost(label, index) * taken as f32);
        kept += u64::from(taken);
    });
    if kept == 0 {
        return Evaluation::new(0.0);
    }
    if let Some(out) = gradient {
        let each = weight * (1.0 / kept as f64) as f32;
        taken(&mut |label, index, count, taken| {
            let sign = if label == 0 { 1.0 } else { -1.0 };
            let slope = match table.activation() {
                Activation::Logits => own_of(table, label ^ 1, index),
                Activation::Probabilities => ratio(Scalar, 1.0, own_of(table, label, index)),
            };
            let share = (f64::from(taken) / f64::from(count)) as f32;
            let slot = out.rows.get_mut(usize::from(label)).and_then(|row| row.get_mut(usize::from(index)));
            if let Some(slot) = slot {
                *slot += sign * slope * share * each;
            }
        });
    }
    Evaluation::new(sum.value() / kept as f64)
}

/// The probability that a code gives to a label.
fn own_of(table: &SigmoidTable, label: u8, index: u8) -> f32 {
    let values = if label == 0 { &table.complement } else { &table.probability };
    values.get(usize::from(index)).copied().unwrap_or(0.0)
}

/// How bad the `rank`-th pixel is.
fn last_in(sketch: &Sketch, table: &SigmoidTable, rank: usize) -> f32 {
    let (mut seen, mut bound) = (0, 0.0);
    worst_first(sketch, table, |_, _, badness, count| {
        seen += count as usize;
        bound = badness;
        seen < rank
    });
    bound
}

/// Visits the codes that occur from the worst on, until `visit` says false: (label, index, badness, count).
fn worst_first(sketch: &Sketch, table: &SigmoidTable, visit: impl FnMut(u8, u8, f32, u32) -> bool) {
    sketch.worst_first(|index| table.badness(1, index), |index| table.badness(0, index), visit);
}
