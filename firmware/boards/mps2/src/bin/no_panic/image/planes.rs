//! Planes: distances, edges, skeletons, the maps that losses make of them, and losses that take a plane row by row.

use core::hint::black_box;

use segmeter_core::Result;
use segmeter_core::loss::boundary::maps;
use segmeter_core::loss::{ActiveContour, BoundaryF1, ClDice, ClassPlane, Convention, Elastica};
use segmeter_core::plane::{Bits, distance, edge, skeleton};
use segmeter_core::view::Shape;

use super::{either, shape, unknown, unknown_mut, x};

pub(super) fn all() -> Result<()> {
    transforms(shape()?)?;
    label_maps(shape()?)?;
    let folded = unknown(&[0.0; 15]);
    let plane = ClassPlane::checked(shape()?, folded, unknown(&[0.0; 15]), unknown(&[1.0; 15]))?;
    let plane = plane.with_logits(unknown(&[0.0; 15]))?;
    let pixel = black_box(3);
    black_box((ClassPlane::fold(x()), plane.shape(), plane.weight(pixel), plane.target(pixel)));
    black_box((plane.probability(pixel), plane.complement(pixel), plane.error(pixel)));
    rows(&black_box(plane))
}

fn id(pixel: usize) -> u8 {
    unknown(&[0; 15]).get(pixel).copied().unwrap_or(0)
}

fn transforms(shape: Shape) -> Result<()> {
    let (mut scratch, mut plane) = ([0; 99], [0; 15]);
    let (scratch, plane) = (unknown_mut(&mut scratch), unknown_mut(&mut plane));
    distance::check(shape)?;
    black_box(distance::squared(shape, |pixel| id(pixel) == 1, scratch, plane)?);
    black_box(distance::squared_in_place(shape, scratch, plane)?);
    black_box(edge::at(shape, &id, black_box(3)));
    edge::visit(shape, id, |pixel, id, edge| {
        black_box((pixel, id, edge));
    });
    let mut bits = Bits::new(shape, plane, |pixel| id(pixel) == 1)?;
    skeleton::thin(&mut bits, scratch)?;
    skeleton::dilate(&mut bits, scratch)?;
    black_box((bits.get(black_box(1), black_box(2)), bits.row(black_box(1)), bits.count(), bits.shape()));
    black_box(Bits::of_ids(shape, plane, unknown(&[0; 15]), black_box(1))?.count());
    black_box((Bits::words(shape), distance::scratch_len(shape), skeleton::scratch_len(shape)));
    Ok(())
}

fn label_maps(shape: Shape) -> Result<()> {
    let (mut scratch, mut map) = ([0; 99], [0.0; 15]);
    let (scratch, map) = (unknown_mut(&mut scratch), unknown_mut(&mut map));
    let convention = black_box(Convention::Kervadec);
    maps::signed_distance(shape, id, black_box(1), convention, scratch, map)?;
    maps::distance_penalty(shape, id, black_box(3), scratch, map)?;
    maps::edges(shape, id, map)?;
    maps::tubes(shape, id, black_box(1)..black_box(3), black_box(2), scratch, map)?;
    black_box((maps::distance_scratch_len(shape), maps::tube_scratch_len(shape)));
    Ok(())
}

fn rows(row: &ClassPlane<'_>) -> Result<()> {
    let mut scratch = [0; 99];
    let (width, scratch) = (black_box(5), unknown_mut(&mut scratch));
    macro_rules! by_rows {
        ($loss:expr, $need:expr) => {
            let loss = black_box($loss);
            black_box($need(&loss, width));
            let mut rows = loss.rows(width, scratch)?;
            while either() {
                rows.push_row(row)?;
            }
            black_box(rows.finish());
        };
    }
    by_rows!(ActiveContour::new(x(), x(), x(), either())?, |_: &ActiveContour, width| {
        ActiveContour::rows_scratch_len(width)
    });
    by_rows!(Elastica::new(x(), x(), x(), x())?, |_: &Elastica, width| Elastica::rows_scratch_len(width));
    by_rows!(BoundaryF1::new(black_box(3), black_box(5), x())?, BoundaryF1::rows_scratch_len);
    by_rows!(ClDice::new(black_box(3), x())?, ClDice::rows_scratch_len);
    Ok(())
}
