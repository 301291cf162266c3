//! What of a frame the monitor does not look at: shape, energy, and every distance to the reference.

use segmeter::core::drift::{Distance, Geometry, Profile, Statistic, Statistics, mean_energy, statistic};
use segmeter::core::num::Q16;
use segmeter::core::sketch::{SigmoidTable, Sketch};
use segmeter::core::view::Quantiser;
use segmeter::files::Image;
use serde_json::{Map, Value, json};

use crate::command::registry::{self, Kind};
use crate::report;

/// Names and values.
#[derive(Default)]
pub(super) struct Further {
    pub(super) statistics: Map<String, Value>,
    pub(super) distances: Map<String, Value>,
}

impl Further {
    /// Of a frame of codes.
    pub(super) fn new(image: &Image, profile: &Profile, table: &SigmoidTable, sketch: &Sketch) -> Self {
        let mut further = Self::default();
        let statistics = Statistics::new(sketch, table);
        let geometry = geometry(image, &profile.quantiser, table);
        let energy = mean_energy(sketch, table);
        for statistic in Statistic::ALL {
            let of_codes = statistics.as_ref().and_then(|statistics| statistics.value(*statistic));
            let of_shape = || geometry.as_ref().and_then(|geometry| geometry.value(*statistic));
            let value = match statistic {
                Statistic::MeanEnergy => energy,
                _ => of_codes.or_else(of_shape),
            };
            if let Some(value) = value {
                further.statistics.insert(statistic.name().to_owned(), value.to_f64().into());
            }
        }
        if let Some(geometry) = geometry {
            let bands = |of: fn(&statistic::Band) -> Option<Q16>| -> Value {
                geometry.bands.iter().map(|band| report::number(of(band).map(Q16::to_f64))).collect()
            };
            let first = |row: &u16| (*row != statistic::NO_ROW).then_some(*row);
            let several = [
                (Statistic::RoadWidth, bands(statistic::Band::width)),
                (Statistic::RoadCentre, bands(statistic::Band::centre)),
                (Statistic::FirstRows, geometry.first_rows.iter().map(first).collect::<Vec<_>>().into()),
            ];
            let named = several.map(|(statistic, values)| (statistic.name().to_owned(), values));
            further.statistics.extend(named);
        }
        for distance in Distance::ALL {
            let value = profile.reference.distance(distance, sketch).filter(|value| value.is_finite());
            further.distances.insert(distance.name().to_owned(), report::number(value.map(f64::from)));
        }
        further
    }

    /// What `list` names for binary frames and no line has, and the way to it.
    pub(super) fn off(&self) -> Value {
        // Beside its interval in every line, and the charts of the monitor.
        let on = |name: &str| {
            ["estimated_iou", CHART].contains(&name)
                || self.statistics.contains_key(name)
                || self.distances.contains_key(name)
        };
        let of = |kind: Kind| -> Vec<&str> {
            let binary =
                registry::all().filter(|entry| entry.kind == kind && entry.inputs.contains(&"binary"));
            binary.map(|entry| entry.name).filter(|name| !on(name)).collect()
        };
        json!({
            "statistics": of(Kind::Statistic),
            "detectors": of(Kind::Detector),
            "how": "of the library and the firmware: the types of segmeter_core::drift with these names, fed with the rows of \
                    a frame (statistics) or with any statistic of these lines (detectors)",
        })
    }
}

/// The chart of the monitor.
pub(super) const CHART: &str = "cusum";

/// The shape of the mask.
fn geometry(image: &Image, quantiser: &Quantiser, table: &SigmoidTable) -> Option<statistic::GeometryReport> {
    let width = image.shape.width();
    let mut scratch = vec![0; Geometry::scratch_len(width)];
    let mut geometry = Geometry::new(image.shape, &mut scratch).ok()?;
    let bytes = image.elements.bytes()?;
    for row in bytes.chunks(width.max(1)) {
        let word = |bytes: &[u8]| {
            let bits = (0..).zip(bytes).filter(|(_, byte)| quantiser.index(**byte) > table.threshold());
            bits.fold(0_u32, |word, (bit, _)| word | 1 << bit)
        };
        let words: Vec<u32> = row.chunks(32).map(word).collect();
        geometry.push_row(&words).ok()?;
    }
    Some(geometry.finish())
}
