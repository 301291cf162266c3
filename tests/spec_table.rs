//! The published table of golden values, entry by entry: value and sampled derivatives of every row of
//! `vectors/spec.json`.

use segmeter_core::loss::Loss;
use segmeter_core::view::Layout;
use segmeter_tests::{LossVectors, close, named, vectors};
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
    /// A map or a share is given that the loss would make itself: `tests/golden.rs` has those.
    #[serde(default)]
    given: bool,
    /// Of background and foreground.
    class_weights: Option<Vec<f32>>,
    /// The largest derivative.
    largest: Option<f64>,
}

#[test]
fn every_row_of_the_table() {
    let (Table { rows }, LossVectors { fixtures, .. }) = (vectors("spec.json"), vectors("losses.json"));
    let (mut checked, mut samples, mut wrong) = (0, 0, Vec::new());
    for row in rows.iter().filter(|row| !row.given) {
        let fixture = &fixtures[&row.fixture];
        let loss = named(&row.loss, &row.parameters);
        let mut scratch = vec![0; loss.scratch_len(fixture.shape())];
        let mut gradient = vec![0.0; fixture.logits.len()];
        let found = if fixture.is_binary() {
            let mut frame = fixture.frame();
            if let Some(weights) = &row.class_weights {
                frame = frame.with_class_weights(weights).unwrap();
            }
            loss.value_and_gradient(&frame, &mut scratch, &mut gradient)
        } else {
            let mut frame = fixture.multiclass(Layout::Planar, &fixture.logits, None);
            if let Some(weights) = &row.class_weights {
                frame = frame.with_class_weights(weights).unwrap();
            }
            loss.value_and_gradient(&frame, &mut scratch, &mut gradient)
        };
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
    assert!(checked >= 130 && samples >= 70, "only {checked} rows with {samples} derivatives");
}
