//! Drift statistics and distances.

use core::hint::black_box;

use segmeter_core::Result;
use segmeter_core::drift::{
    Blocks, BoundaryBand, ClassStatistics, Distance, EnergyTable, Geometry, Histogram, Reference, Statistic,
    Statistics, Temporal, WeightedLowConfidence, accuracy_threshold, estimated_accuracy,
    low_confidence_fraction, mean_energy,
};
use segmeter_core::num::Q16;
use segmeter_core::plane::pack_codes;
use segmeter_core::sketch::CODES;

use super::{either, quantiser, shape, sketch, unknown, unknown_mut, x};

pub(super) fn all() -> Result<()> {
    confidence()?;
    places()?;
    geometry()?;
    temporal()?;
    distances()
}

fn confidence() -> Result<()> {
    let (sketch, table) = sketch()?;
    let (margin, statistic) = (black_box(Q16::ONE), black_box(Statistic::MeanEnergy));
    black_box((statistic.name(), statistic.group().name()));
    black_box((low_confidence_fraction(&sketch, &table, margin), mean_energy(&sketch, &table)));
    black_box((accuracy_threshold(&sketch, &table), estimated_accuracy(&sketch, &table, margin)));
    let label = Statistics::of_label(&sketch, &table, black_box(1));
    if let Some((a, b)) = Statistics::new(&sketch, &table).zip(label) {
        black_box((a.difference_of_confidence(&b), a.value(statistic)));
    }
    let table = EnergyTable::new(x(), black_box(3), x())?;
    let mut classes = ClassStatistics::<5>::default();
    classes.push_row(&table, unknown(&[[0; 5]; 9]));
    black_box((classes.classes(), classes.pixels(), classes.mean_margin(), classes.mean_energy(&table)));
    let table = EnergyTable::of(&quantiser()?, x())?;
    classes.push_codes(&table, unknown(&[0_u8; 9]), black_box(3))?;
    black_box((classes.mean_confidence(), classes.mean_entropy(&table)));
    classes.clear();
    black_box(&classes);
    Ok(())
}

fn places() -> Result<()> {
    let (quantiser, (_, table), mut scratch) = (quantiser()?, sketch()?, [0; 99]);
    let (width, reach) = (black_box(9), black_box(2));
    black_box(BoundaryBand::scratch_len(width, reach));
    let mut band = BoundaryBand::new(width, reach, &quantiser, unknown_mut(&mut scratch))?;
    while either() {
        band.push_row(unknown(&[0_i8; 9]))?;
    }
    black_box(band.finish());
    let weights = black_box([1; 16]);
    let mut rows = WeightedLowConfidence::new(width, &quantiser, &table, black_box(Q16::ONE), weights)?;
    while either() {
        rows.push_row(unknown(&[0_u8; 9]));
    }
    black_box(rows.finish());
    Ok(())
}

fn geometry() -> Result<()> {
    let (mut scratch, mut words) = ([0; 99], [0; 9]);
    let words = unknown_mut(&mut words);
    pack_codes(unknown(&[0_i8; 9]), &quantiser()?, words)?;
    black_box(Geometry::scratch_len(black_box(9)));
    let mut rows = Geometry::new(shape()?, unknown_mut(&mut scratch))?;
    while either() {
        rows.push_row(words)?;
    }
    let found = rows.finish();
    black_box((found.road_fraction(), found.compactness(), found.largest_share(), found.centroid()));
    black_box((found.horizon_row(), found.value(black_box(Statistic::Holes))));
    black_box(found.bands.map(|band| (band.width(), band.centre())));
    Ok(())
}

fn temporal() -> Result<()> {
    let (mut before, mut earlier, mut grid) = ([0; 9], [0; 9], [0; Blocks::BYTES]);
    let mut frames = Temporal::new(shape()?, unknown_mut(&mut before), unknown_mut(&mut earlier))?;
    let mut blocks = Blocks::new(shape()?, &mut grid)?;
    while either() {
        frames.push_row(unknown(&[0; 9]))?;
        blocks.push_row(unknown(&[0; 9]))?;
        if either() {
            let found = frames.finish();
            black_box((found.iou(), found.flicker(), found.value(black_box(Statistic::Flicker))));
            black_box(blocks.finish());
        }
        if either() {
            frames.forget();
            blocks.forget();
        }
    }
    Ok(())
}

fn distances() -> Result<()> {
    let ((sketch, _), reference) = (sketch()?, Reference::new(black_box([1; CODES]))?);
    let counts = unknown(&[1_u32; 9]);
    let current = || counts.iter().map(|count| u64::from(*count));
    for distance in Distance::ALL {
        let distance = black_box(distance);
        black_box((distance.name(), reference.distance(distance, &sketch)));
        black_box(distance.between(unknown(&[1; 9]), current()));
        black_box(distance.exact(unknown(&[1; 9]), current()).map(|fraction| fraction.value()));
    }
    let mut histogram = Histogram::new(black_box(Q16::ZERO), black_box(Q16::ONE))?;
    histogram.push(black_box(Q16::ONE));
    black_box(histogram.bins());
    histogram.clear();
    black_box(&histogram);
    Ok(())
}
