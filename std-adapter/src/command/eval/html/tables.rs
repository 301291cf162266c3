//! The numbers of a report, what is not defined, and what everything means.

use maud::{Markup, html};

use super::super::choice::metric_of;
use super::super::define::definition;
use super::super::overlap::Named;
use super::super::print::{FEW, Printed};
use super::super::shape::FAMILIES;
use crate::report::decimal;

/// Classes that fit side by side.
const MOST_COLUMNS: usize = 6;

/// Every number.
pub(super) fn numbers(printed: &Printed<'_>) -> Markup {
    let result = printed.result;
    let scored = result.scored.iter().flat_map(|scored| {
        [("threshold", scored.threshold.clone()), ("calibration", scored.calibration.clone())]
    });
    let shape = FAMILIES
        .map(|family| (family, printed.of_family(family).map(|(named, _)| *named).collect::<Vec<_>>()));
    let road = ("road", result.road.iter().map(|(named, _)| *named).collect());
    let categories = ("category", printed.categories().collect::<Vec<_>>());
    let families = [categories].into_iter().chain(shape).chain([road]).chain(scored);
    html! {
        h2 { "Numbers of the classes" }
        (class_table(printed))
        (average_table(printed))
        h2 { "Shapes and scores" }
        div.families {
            @for (family, values) in families.filter(|(_, values)| !values.is_empty()) {
                table {
                    tr { th { (family) } th { "value" } }
                    @for (name, value) in values { tr { td { (name) } td { (decimal(value)) } } }
                }
            }
        }
    }
}

/// The metrics of every class; classes side by side if there is room.
fn class_table(printed: &Printed<'_>) -> Markup {
    let pooled = &printed.result.pooled;
    let columns: Vec<Vec<Named>> = pooled
        .classes
        .iter()
        .enumerate()
        .map(|(id, class)| {
            let shape = FAMILIES.map(|family| printed.shape(pooled, id, family));
            let overlap = printed.of_class(id, *class).map(|(name, score)| (name, score.value()));
            overlap.chain(shape.into_iter().flatten()).collect()
        })
        .collect();
    // The longest list names all: classes whose shape is not measured have less.
    let keys = columns.iter().max_by_key(|column| column.len()).into_iter().flatten().map(|(key, _)| *key);
    let keys: Vec<&str> = keys.collect();
    let cell = |id: usize, row: usize| decimal(columns[id].get(row).and_then(|(_, value)| *value));
    let transposed = |rows: &[usize]| {
        html! {
            div.wide {
                table {
                    tr { th { "class" } @for row in rows { th { (keys[*row].replace('_', " ")) } } }
                    @for (id, name) in printed.names.iter().enumerate() {
                        tr { td { (name) } @for row in rows { td { (cell(id, *row)) } } }
                    }
                }
            }
        }
    };
    let (few, more): (Vec<usize>, Vec<usize>) =
        (0..keys.len()).partition(|row| FEW.contains(&metric_of(keys[*row])));
    html! {
        @if printed.names.len() > MOST_COLUMNS {
            (transposed(&few))
            @if !more.is_empty() { details { summary { "More metrics of the classes" } (transposed(&more)) } }
        } @else {
            table {
                tr { th { "class" } @for name in printed.names { th { (name) } } }
                @for (row, key) in keys.iter().enumerate() {
                    tr { td { (key) } @for id in 0..columns.len() { td { (cell(id, row)) } } }
                }
            }
        }
    }
}

fn average_table(printed: &Printed<'_>) -> Markup {
    let result = printed.result;
    let preset = printed.choice.preset.filter(|_| result.averages.iter().any(|a| a.preset.is_some()));
    let overall = result.pooled.overall.iter().zip(&result.per_image_mean);
    // The mean IoU is among those of the class metrics too.
    let overall = overall.filter(|((name, _), _)| *name != "mean_iou" || !printed.choice.wants("iou"));
    html! {
        h2 { "Means" }
        div.wide {
            table {
                tr {
                    th { "metric" } th { "pooled" } th { "mean of images" } th { "mean of classes" }
                    th { "mean of pairs" } th { "undefined" }
                    @if let Some(preset) = preset { th { (preset) } }
                }
                @for ((name, value), ((_, mean), times)) in overall {
                    tr {
                        td { (name) } td { (decimal(*value)) } td { (decimal(*mean)) } td {} td {} td { (times) }
                        @if preset.is_some() { td {} }
                    }
                }
                @for average in &result.averages {
                    tr {
                        td { "mean_" (average.name) }
                        td { (decimal(average.pooled)) } td { (decimal(average.per_image)) }
                        td { (decimal(average.per_class)) } td { (decimal(average.per_pair)) }
                        td { (average.undefined) }
                        @if preset.is_some() { td { @if let Some(value) = average.of_preset() { (decimal(value)) } } }
                    }
                }
            }
        }
    }
}

pub(super) fn undefined(printed: &Printed<'_>) -> Markup {
    let undefined = printed.undefined();
    html! {
        h2 { "Not defined" }
        @if undefined.counts().next().is_none() {
            p { "Every number has a value." }
        } @else {
            p { "How often a number has no value, or none that is finite." }
            table {
                tr { th { "metric" } th { "times" } }
                @for (name, times) in undefined.counts() { tr { td { (name) } td { (times) } } }
            }
        }
    }
}

pub(super) fn definitions(printed: &Printed<'_>) -> Markup {
    html! {
        h2 { "Definitions" }
        table.text {
            tr { th { "metric" } th { "definition" } th { "source" } }
            @for entry in printed.choice.entries() {
                tr {
                    td { (printed.choice.key_of(entry.name)) }
                    td { (definition(printed.choice, entry)) }
                    td { (entry.reference) }
                }
            }
        }
    }
}
