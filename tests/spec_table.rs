//! The published table of golden values, entry by entry: value and sampled derivatives of every row of
//! `vectors/spec.json`.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

use segmeter_core::Result;
use segmeter_core::loss::mapped::{BoundaryDouOnMap, BoundaryOnMap, DistancePenalisedOnMap, HausdorffOnMap};
use segmeter_core::loss::{Evaluation, Loss as _};
use segmeter_core::view::Layout;
use segmeter_tests::{Fixture, LossVectors, close, named, value_and_gradient, vectors};
use serde::Deserialize;

#[derive(Deserialize)]
struct Table {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    row: String,
    loss: String,
    parameters: serde_json::Value,
    fixture: String,
    value: f64,
    /// Channel, row, column, derivative.
    #[serde(default)]
    samples: Vec<(usize, usize, usize, f64)>,
    /// A map or a share is given that the loss would make itself.
    #[serde(default)]
    given: bool,
    /// Of background and foreground.
    class_weights: Option<Vec<f32>>,
    /// The largest derivative.
    largest: Option<f64>,
}

/// Value and gradient of a row.
fn evaluate(row: &Row, fixture: &Fixture, gradient: &mut [f32]) -> Result<Evaluation> {
    if row.given {
        return on_a_given_map(row, fixture, gradient);
    }
    let loss = named(&row.loss, &row.parameters);
    if fixture.is_binary() {
        let mut frame = fixture.frame();
        if let Some(weights) = &row.class_weights {
            frame = frame.with_class_weights(weights)?;
        }
        return value_and_gradient(&loss, frame, gradient);
    }
    let mut frame = fixture.multiclass(Layout::Planar, &fixture.logits, None);
    if let Some(weights) = &row.class_weights {
        frame = frame.with_class_weights(weights)?;
    }
    value_and_gradient(&loss, frame, gradient)
}

/// The loss on the map of a row, or on one that makes the constant of a row.
fn on_a_given_map(row: &Row, fixture: &Fixture, gradient: &mut [f32]) -> Result<Evaluation> {
    let number = |name: &str| row.parameters[name].as_f64().expect("a number");
    let map: Vec<f32> = match row.loss.as_str() {
        // The share of contour pixels from which the loss takes this constant.
        "boundary_dou" => vec![(1.0 - (number("a") + 1.0) / 2.0) as f32; fixture.logits.len()],
        _ => {
            let names = ["phi", "distance", "penalty"];
            let numbers = names.iter().find_map(|name| row.parameters[name].as_array()).expect("a map");
            numbers.iter().map(|number| number.as_f64().expect("a number") as f32).collect()
        }
    };
    let powers: Vec<f32> = match row.loss.as_str() {
        "hausdorff_distance" => map.iter().map(|d| d.powf(number("exponent") as f32)).collect(),
        _ => map,
    };
    let frame = fixture.frame().with_map(&powers)?;
    match row.loss.as_str() {
        "boundary" => BoundaryOnMap::new(1).value_and_gradient(&frame, &mut [], gradient),
        "hausdorff_distance" => HausdorffOnMap::new(1).value_and_gradient(&frame, &mut [], gradient),
        "distance_penalised" => DistancePenalisedOnMap.value_and_gradient(&frame, &mut [], gradient),
        "boundary_dou" => {
            let smooth = number("smooth") as f32;
            BoundaryDouOnMap::new(smooth)?.value_and_gradient(&frame, &mut [], gradient)
        }
        other => panic!("no map for {other}"),
    }
}

#[test]
fn every_row_of_the_table() {
    let (Table { rows }, LossVectors { fixtures, .. }) = (vectors("spec.json"), vectors("losses.json"));
    let (mut checked, mut samples, mut wrong) = (0, 0, Vec::new());
    for row in &rows {
        let fixture = &fixtures[&row.fixture];
        let mut gradient = vec![0.0; fixture.logits.len()];
        let found = evaluate(row, fixture, &mut gradient);
        let found = f64::from(found.unwrap().value);
        // The table shows values below 1e-30 as 0, and others with as few as three digits.
        if !close(found, row.value, 1e-6) && (found - row.value).abs() > 1e-30 {
            wrong.push(format!("{}: {found:e}, expected {:e}", row.row, row.value));
        }
        let largest = gradient.iter().fold(0.0f64, |a, g| a.max(f64::from(*g).abs()));
        if let Some(expected) =
            row.largest.filter(|expected| (expected - largest).abs() > 1e-5 * expected + 1e-30)
        {
            wrong.push(format!("{}: largest derivative {largest:e}, expected {expected:e}", row.row));
        }
        for (channel, y, x, expected) in &row.samples {
            let place = (channel * fixture.height as usize + y) * fixture.width as usize + x;
            let derivative = f64::from(gradient[place]);
            if (derivative - expected).abs() > 1e-5 * largest {
                wrong.push(format!("{} at {y},{x}: {derivative:e}, expected {expected:e}", row.row));
            }
            samples += 1;
        }
        checked += 1;
    }
    assert!(wrong.is_empty(), "{} of {checked} rows:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked >= 150 && samples >= 80, "only {checked} rows with {samples} derivatives");
}
