//! Bare numbers: no header, so the shape comes from somewhere else and the size must fit it.

use std::collections::BTreeSet;

use segmeter_core::view::{Mask, Shape};

use super::{Array, Elements, Error, Result, axes, volume};

/// The type of bare numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Little-endian.
    F32,
    /// A byte each.
    I8,
    /// A byte each.
    U8,
    /// Eight pixels a byte, lowest bit first; every row starts a new byte.
    Bits,
}

/// Reads bare numbers of this shape; bits become 0 and 1.
///
/// # Errors
/// If the number of bytes is not what the shape asks for.
pub fn read(bytes: &[u8], shape: &[usize], kind: Type) -> Result<Array> {
    let expected = match (kind, shape) {
        (Type::Bits, [outer @ .., width]) => {
            volume(outer).and_then(|rows| rows.checked_mul(width.div_ceil(8)))
        }
        (Type::F32, _) => volume(shape).and_then(|n| n.checked_mul(4)),
        _ => volume(shape),
    };
    if expected != Some(bytes.len()) {
        let expected = expected.map_or("more than memory can hold".to_owned(), |n| n.to_string());
        return Err(Error::new(format_args!(
            "found {} bytes, expected {expected} for --shape {} --dtype {}",
            bytes.len(),
            axes(shape).trim_matches(['(', ')']),
            kind.name()
        )));
    }
    let elements = match kind {
        Type::F32 => Elements::F32(bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()),
        Type::I8 => Elements::I8(bytes.iter().map(|b| b.cast_signed()).collect()),
        Type::U8 => Elements::U8(bytes.to_vec()),
        Type::Bits => Elements::U8(unpack(bytes, shape)?),
    };
    Ok(Array { shape: shape.to_vec(), elements })
}

impl Type {
    /// The name that `--dtype` takes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::I8 => "i8",
            Self::U8 => "u8",
            Self::Bits => "bits",
        }
    }
}

/// Reads masks of this shape, a byte or a bit a pixel: told apart by size. `counts` are the numbers of images
/// that would make sense.
///
/// # Errors
/// If the size fits none of them.
pub fn read_masks(bytes: &[u8], shape: Shape, counts: &[usize]) -> Result<(usize, Vec<u8>)> {
    let (height, width) = (shape.height(), shape.width());
    let sizes = counts.iter().flat_map(|count| [(*count, Type::U8), (*count, Type::Bits)]);
    for (count, kind) in sizes.clone() {
        if let Ok(Array { elements: Elements::U8(ids), .. }) = read(bytes, &[count, height, width], kind) {
            return Ok((count, ids));
        }
    }
    let expected: BTreeSet<String> = sizes
        .map(|(count, kind)| {
            let row = if kind == Type::Bits { shape.packed_width() } else { width };
            format!("{} (n={count}, {})", count.saturating_mul(height).saturating_mul(row), kind.name())
        })
        .collect();
    Err(Error::new(format_args!(
        "found {} bytes, expected {} for n images of {height}x{width}",
        bytes.len(),
        expected.into_iter().collect::<Vec<_>>().join(" or ")
    )))
}

fn unpack(bytes: &[u8], shape: &[usize]) -> Result<Vec<u8>> {
    let side = |n: usize| u32::try_from(n).ok();
    let (width, rows) = shape.split_last().map_or((0, Some(0)), |(width, outer)| (*width, volume(outer)));
    let (Some(rows), Some(width)) = (rows.and_then(side), side(width)) else {
        return Err(Error::new("the image does not fit into memory"));
    };
    let mask = Shape::new(rows, width).and_then(|shape| Mask::new(shape, bytes)).map_err(Error::new)?;
    Ok(mask.rows().flatten().map(u8::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_bytes_are_told_apart() {
        let shape = Shape::new(2, 9).unwrap();
        let bits = [0b0000_0101, 1, 0, 0];
        let (count, ids) = read_masks(&bits, shape, &[3, 1]).unwrap();
        assert_eq!((count, &ids[..9], &ids[9..]), (1, &[1, 0, 1, 0, 0, 0, 0, 0, 1][..], &[0; 9][..]));
        assert_eq!(read_masks(&[7; 18], shape, &[1]).unwrap(), (1, vec![7; 18]));
        let line = read_masks(&[7; 17], shape, &[1]).unwrap_err().to_string();
        assert_eq!(line, "found 17 bytes, expected 18 (n=1, u8) or 4 (n=1, bits) for n images of 2x9");
    }

    #[test]
    fn sizes() {
        assert_eq!(read(&[255], &[1, 1], Type::I8).unwrap().elements, Elements::I8(vec![-1]));
        assert!(read(&[0; 4], &[usize::MAX, 4], Type::F32).is_err());
        assert!(read(&[], &[0, 4], Type::Bits).is_err());
    }
}
