//! Names, sizes, and what is refused.

use std::collections::BTreeSet;

use segmeter_core::drift::{
    Blocks, BoundaryBand, ClassStatistics, Distance, EnergyTable, Geometry, Histogram, Statistic, Temporal,
    WeightedLowConfidence,
};
use segmeter_core::num::Q16;
use segmeter_core::plane::{Bits, pack_codes};
use segmeter_core::sketch::SigmoidTable;
use segmeter_core::view::{Encoding, Quantiser, Shape};
use segmeter_core::{Error, drift};

use super::geometry;

/// Every threshold, both encodings, every code.
#[test]
fn packing_is_the_threshold() {
    let codes: Vec<u8> = (0..=255).chain(3..70).collect();
    let mut words = [0; 11];
    let logits = |encoding, zero| Quantiser::logits(encoding, 0.1, zero).unwrap();
    let quantisers = (-128..128).map(|zero| logits(Encoding::Signed, zero));
    let quantisers = quantisers.chain((0..256).map(|zero| logits(Encoding::Unsigned, zero)));
    for quantiser in quantisers.chain([Quantiser::probabilities()]) {
        pack_codes(&codes, &quantiser, &mut words).unwrap();
        for place in 0..32 * 11 {
            let expected = codes.get(place).is_some_and(|byte| quantiser.logit(quantiser.index(*byte)) > 0.0);
            assert_eq!(words[place / 32] >> (place % 32) & 1 == 1, expected, "{quantiser:?} {place}");
        }
    }
    let short = pack_codes(&codes, &Quantiser::probabilities(), &mut words[1..]);
    assert_eq!(short, Err(Error::Length { expected: 11, found: 10 }));
}

#[test]
fn names_are_told_apart() {
    let names: BTreeSet<_> = Statistic::ALL.iter().map(|statistic| statistic.name()).collect();
    assert_eq!((names.len(), Statistic::ALL.len()), (33, 33));
    let groups: BTreeSet<_> = Statistic::ALL.iter().map(|statistic| statistic.group().name()).collect();
    assert_eq!(groups, BTreeSet::from(["confidence", "geometry", "temporal"]));
    assert_eq!(Distance::ALL.map(Distance::name).into_iter().collect::<BTreeSet<_>>().len(), 12);
    // A report answers for its own group, and for no other.
    let report = geometry(&[true], Shape::new(1, 1).unwrap());
    for statistic in Statistic::ALL {
        let geometric = statistic.group() == drift::Group::Geometry;
        assert!(geometric || report.value(*statistic).is_none(), "{statistic:?}");
    }
}

#[test]
fn wrong_buffers_are_refused() {
    let shape = Shape::new(30, 40).unwrap();
    let need = Geometry::scratch_len(40);
    let mut scratch = vec![0; need];
    assert_eq!(Geometry::new(shape, &mut scratch[1..]).unwrap_err(), Error::Scratch { need });
    let mut rows = Geometry::new(shape, &mut scratch).unwrap();
    assert_eq!(rows.push_row(&[0]), Err(Error::Length { expected: 2, found: 1 }));
    (0..30).for_each(|_| rows.push_row(&[u32::MAX, 0xff]).unwrap());
    assert_eq!(rows.push_row(&[0, 0]), Err(Error::Length { expected: 30, found: 31 }));
    assert_eq!(rows.finish().road_fraction(), Q16::ONE);
    let large = Shape::new(1, 65_535).unwrap();
    assert_eq!(Geometry::new(large, &mut []).unwrap_err(), Error::Parameter("shape"));
    let (mut plane, mut grid) = ([0; 60], [0; Blocks::BYTES]);
    assert_eq!(Temporal::new(shape, &mut plane[1..], &mut []).unwrap_err(), Error::Scratch { need: 60 });
    assert_eq!(Temporal::new(shape, &mut plane, &mut [0; 9]).unwrap_err(), Error::Scratch { need: 60 });
    assert_eq!(Blocks::new(Shape::new(29, 40).unwrap(), &mut grid).unwrap_err(), Error::Parameter("shape"));
    // A frame that is not complete is no neighbour.
    let mut frames = Temporal::new(shape, &mut plane, &mut []).unwrap();
    let mut blocks = Blocks::new(shape, &mut grid).unwrap();
    for (rows, known) in [(30, false), (30, true), (29, false), (30, false), (30, true)] {
        for _ in 0..rows {
            frames.push_row(&[1, 0]).unwrap();
            blocks.push_row(&[1, 0]).unwrap();
        }
        let found = (frames.finish().iou(), blocks.finish().iou());
        let one = known.then_some(Q16::ONE);
        assert_eq!(found, (one, one));
    }
    frames.forget();
    blocks.forget();
    (0..30).for_each(|_| frames.push_row(&[1, 0]).unwrap());
    (0..30).for_each(|_| blocks.push_row(&[1, 0]).unwrap());
    assert_eq!((frames.finish().iou(), blocks.finish().iou()), (None, None));
    let quantiser = Quantiser::probabilities();
    let mut scratch = [0; 99];
    let mut refused = |width, reach| BoundaryBand::new(width, reach, &quantiser, &mut scratch).unwrap_err();
    assert_eq!(refused(0, 1), Error::Parameter("width"));
    assert_eq!(refused(9, 32), Error::Parameter("reach"));
    assert_eq!(refused(900, 3), Error::Scratch { need: BoundaryBand::scratch_len(900, 3) });
    let table = SigmoidTable::new(&quantiser);
    let weighted = |height| WeightedLowConfidence::new(height, &quantiser, &table, Q16::ONE, [0; 16]);
    assert_eq!(weighted(0).unwrap_err(), Error::Parameter("height"));
    let mut none = weighted(2).unwrap();
    none.push_row(&[9_u8; 5]);
    assert_eq!(none.finish(), None);
}

/// What the documentation says of memory, for 512x256.
#[test]
fn memory_is_as_stated() {
    let bytes = |words: usize| 4 * words;
    assert_eq!(bytes(Geometry::scratch_len(512)), 4224);
    assert_eq!(bytes(BoundaryBand::scratch_len(512, 2)), 2624);
    assert_eq!(bytes(Bits::words(Shape::new(256, 512).unwrap())), 16_384);
    assert_eq!((Blocks::BYTES, size_of::<Histogram>()), (1200, 80));
    assert_eq!((size_of::<EnergyTable>(), size_of::<ClassStatistics<8>>()), (660, 4 * 8 + 40));
    assert!(size_of::<Geometry<'_>>() <= 540 && size_of::<Blocks<'_>>() <= 220);
    assert!(size_of::<Temporal<'_>>() <= 72 && size_of::<WeightedLowConfidence>() <= 56);
}
