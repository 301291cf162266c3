//! NumPy's `.npy`: header by `ndarray-npy`, sizes checked here before anything is allocated.

use std::io::{self, Write};

use ndarray_npy::npy::header::{Header, Layout};

use super::{Array, Elements, Error, Result, axes, volume};

/// Longest header that is parsed; NumPy itself refuses longer ones.
const MOST_HEADER: usize = 10_000;
/// Brackets that may open in a header; a plain array has two. The parser's work and stack grow with their depth.
const MOST_BRACKETS: usize = 8;

/// Reads an array: floats of 2, 4 or 8 bytes (`f64` rounded to `f32`), `i8` and `u8` as they are, `bool` as 0 and 1, other
/// whole numbers as class ids. Either byte order, and Fortran order as well.
///
/// # Errors
/// Another type, a whole number that is no class id, too few or too many bytes.
pub fn read(bytes: &[u8]) -> Result<Array> {
    let Array { shape, elements } = read_exact(bytes)?;
    Ok(Array { shape, elements: elements.narrow()? })
}

/// As [`read`], `f64` as it is.
///
/// # Errors
/// Those of [`read`].
pub fn read_exact(bytes: &[u8]) -> Result<Array> {
    check_header(bytes)?;
    let mut rest = bytes;
    let header = Header::from_reader(&mut rest)
        .map_err(|e| Error::new(format_args!("not a readable .npy header: {e}")))?;
    let Some(descriptor) = header.type_descriptor.as_string() else {
        return Err(Error::new("found a structured array, expected numbers: save one field of it"));
    };
    let (order, name) = descriptor.split_at_checked(1).unwrap_or_default();
    let is_big = order == ">" || (order == "=" && cfg!(target_endian = "big"));
    let size = match name {
        "i1" | "u1" | "b1" => 1,
        "f2" | "i2" | "u2" => 2,
        "f4" | "i4" | "u4" => 4,
        "f8" | "i8" | "u8" => 8,
        _ => {
            return Err(Error::new(format_args!(
                "found type `{descriptor}`, expected floats of at most 8 bytes, whole numbers or bool: save \
                 array.astype('float32') or 'uint8'"
            )));
        }
    };
    let shape = header.shape;
    let expected = volume(&shape).and_then(|n| n.checked_mul(size));
    if expected != Some(rest.len()) {
        let expected = expected.map_or("more than memory can hold".to_owned(), |n| n.to_string());
        return Err(Error::new(format_args!(
            "found {} bytes of data, expected {expected} for {} `{descriptor}`: the file is damaged",
            rest.len(),
            axes(&shape)
        )));
    }
    let swapped;
    let mut data = rest;
    if is_big && size > 1 {
        swapped = rest.chunks_exact(size).flat_map(|number| number.iter().rev().copied()).collect::<Vec<_>>();
        data = &swapped;
    }
    let reordered;
    if header.layout == Layout::Fortran && shape.len() > 1 {
        reordered = row_major(data, &shape, size);
        data = &reordered;
    }
    Ok(Array { elements: elements(name, data)?, shape })
}

/// Numbers of `size` bytes whose first axis runs fastest, the last one fastest.
fn row_major(data: &[u8], shape: &[usize], size: usize) -> Vec<u8> {
    // The last axis is the slowest: taken out of the way one after the other, it becomes the fastest.
    let mut data = data.to_vec();
    let (mut inner, mut outer) = (shape.iter().product::<usize>(), 1);
    for axis in shape.iter().rev() {
        inner /= (*axis).max(1);
        // (outer axes in place, this axis, the others): the others come before what is in place.
        data = super::transposed(&data, *axis, inner, outer * size);
        outer *= axis;
    }
    data
}

/// What `ndarray-npy` takes on trust: the length of the header and the depth of its brackets.
fn check_header(bytes: &[u8]) -> Result<()> {
    let short = || Error::new("the .npy header is cut off");
    let Some(b"\x93NUMPY") = bytes.get(..6) else {
        return Err(Error::new("not an .npy file: it does not start with \\x93NUMPY"));
    };
    let (length, start) = match (bytes.get(6), bytes.get(8..)) {
        (Some(1), Some([a, b, ..])) => (usize::from(u16::from_le_bytes([*a, *b])), 10),
        (Some(2 | 3), Some([a, b, c, d, ..])) => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 12),
        (Some(1..=3), _) | (None, _) => return Err(short()),
        (Some(version), _) => {
            return Err(Error::new(format_args!("found .npy version {version}, expected 1, 2 or 3")));
        }
    };
    if length > MOST_HEADER {
        return Err(Error::new(format_args!(
            "found an .npy header of {length} bytes, expected at most {MOST_HEADER}"
        )));
    }
    let header = bytes.get(start..start + length).ok_or_else(short)?;
    if header.iter().filter(|byte| b"([{".contains(byte)).count() > MOST_BRACKETS {
        return Err(Error::new("found a structured .npy header, expected a plain array"));
    }
    Ok(())
}

fn elements(name: &str, bytes: &[u8]) -> Result<Elements> {
    macro_rules! whole {
        ($type:ty) => {
            ids(bytes.as_chunks().0.iter().map(|b| i128::from(<$type>::from_le_bytes(*b))))
        };
    }
    Ok(match name {
        "f2" => {
            Elements::F32(bytes.as_chunks().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect())
        }
        "f4" => Elements::F32(bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()),
        "f8" => Elements::F64(bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect()),
        "i1" => Elements::I8(bytes.iter().map(|b| b.cast_signed()).collect()),
        "i2" => whole!(i16)?,
        "i4" => whole!(i32)?,
        "i8" => whole!(i64)?,
        "u2" => whole!(u16)?,
        "u4" => whole!(u32)?,
        "u8" => whole!(u64)?,
        "b1" => match bytes.iter().find(|b| **b > 1) {
            Some(byte) => {
                return Err(Error::new(format_args!("found a bool of value {byte}, expected 0 or 1")));
            }
            None => Elements::U8(bytes.to_vec()),
        },
        _ => Elements::U8(bytes.to_vec()),
    })
}

/// Whole numbers as class ids.
fn ids(numbers: impl Iterator<Item = i128> + Clone) -> Result<Elements> {
    let outside = numbers.clone().find(|number| !(0..=0xffff).contains(number));
    match (outside, numbers.clone().any(|number| number > 0xff)) {
        (Some(number), _) => Err(Error::new(format_args!(
            "found {number}, expected class ids from 0 to 65535: give pixels that are not scored an id of their own, as in \
             array[array < 0] = 255, or save logits as float32"
        ))),
        (None, false) => Ok(Elements::U8(numbers.map(|number| number as u8).collect())),
        (None, true) => Ok(Elements::U16(numbers.map(|number| number as u16).collect())),
    }
}

/// Writes an array of `f32`.
///
/// # Errors
/// If writing fails.
pub fn write_f32(mut out: impl Write, shape: &[usize], values: &[f32]) -> io::Result<()> {
    write_header(&mut out, "'<f4'", shape)?;
    values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
}

/// Writes an array of bytes.
///
/// # Errors
/// If writing fails.
pub fn write_u8(mut out: impl Write, shape: &[usize], values: &[u8]) -> io::Result<()> {
    write_header(&mut out, "'|u1'", shape)?;
    out.write_all(values)
}

fn write_header(out: &mut impl Write, descriptor: &str, shape: &[usize]) -> io::Result<()> {
    let type_descriptor = descriptor.parse().map_err(io::Error::other)?;
    let header = Header { type_descriptor, layout: Layout::Standard, shape: shape.to_vec() };
    out.write_all(&header.to_bytes().map_err(io::Error::other)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(descriptor: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let text = format!("{{'descr': {descriptor}, 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), data].concat()
    }

    fn refusal(bytes: &[u8]) -> String {
        read(bytes).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        write_f32(&mut bytes, &[1, 2], &[1.5, -0.0]).unwrap();
        let array = read(&bytes).unwrap();
        assert_eq!((array.shape, array.elements), (vec![1, 2], Elements::F32(vec![1.5, -0.0])));
        let mut bytes = Vec::new();
        write_u8(&mut bytes, &[3], &[0, 7, 255]).unwrap();
        assert_eq!(read(&bytes).unwrap().elements, Elements::U8(vec![0, 7, 255]));
    }

    #[test]
    fn types() {
        let half = 0.5f64.to_le_bytes();
        assert_eq!(read(&file("'<f8'", "False", "(1,)", &half)).unwrap().elements, Elements::F32(vec![0.5]));
        let exact = read_exact(&file("'<f8'", "False", "(1,)", &(1.0 + 1e-12f64).to_le_bytes())).unwrap();
        assert_eq!(exact.elements, Elements::F64(vec![1.0 + 1e-12]));
        assert_eq!(read(&file("'|i1'", "False", "(1,)", &[255])).unwrap().elements, Elements::I8(vec![-1]));
        // Bytes have no order, but some programs name one.
        assert_eq!(
            read(&file("'<i1'", "False", "(2,)", &[255, 128])).unwrap().elements,
            Elements::I8(vec![-1, -128])
        );
        assert_eq!(read(&file("'|u1'", "False", "(1,)", &[255])).unwrap().elements, Elements::U8(vec![255]));
        assert_eq!(read(&file("'<u1'", "False", "(1,)", &[128])).unwrap().elements, Elements::U8(vec![128]));
        assert_eq!(
            read(&file("'|b1'", "False", "(2,)", &[0, 1])).unwrap().elements,
            Elements::U8(vec![0, 1])
        );
        assert!(refusal(&file("'|b1'", "False", "(1,)", &[2])).contains("bool of value 2"));
        let one =
            |descriptor: &str, data: &[u8]| read(&file(descriptor, "False", "(1,)", data)).unwrap().elements;
        assert_eq!(one("'>f4'", &1.5_f32.to_be_bytes()), Elements::F32(vec![1.5]));
        assert_eq!(one("'<f2'", &[0x00, 0x3e]), Elements::F32(vec![1.5]));
        assert_eq!(one("'<i8'", &7_i64.to_le_bytes()), Elements::U8(vec![7]));
        assert_eq!(one("'>i4'", &300_i32.to_be_bytes()), Elements::U16(vec![300]));
        assert_eq!(one("'<u2'", &65535_u16.to_le_bytes()), Elements::U16(vec![65535]));
        assert_eq!(one("'<i2'", &255_i16.to_le_bytes()), Elements::U8(vec![255]));
        let refused = [("'<i4'", -1_i64), ("'<i8'", 65536), ("'<i8'", i64::MIN)];
        for (descriptor, number) in refused {
            let size = if descriptor == "'<i4'" { 4 } else { 8 };
            let line = refusal(&file(descriptor, "False", "(1,)", &number.to_le_bytes()[..size]));
            assert!(line.contains(&format!("found {number}, expected class ids")), "{line}");
        }
        assert!(refusal(&file("'<u8'", "False", "(1,)", &[255; 8])).contains("18446744073709551615"));
        assert!(refusal(&file("'<c8'", "False", "(1,)", &[0; 8])).contains("<c8"));
        assert!(refusal(&file("[('a', '<f4')]", "False", "(1,)", &[0; 4])).contains("structured"));
        assert!(refusal(&file("'<f8'", "False", "(1,)", &1e300f64.to_le_bytes())).contains("range of f32"));
    }

    #[test]
    fn sizes_are_checked_before_memory_is_taken() {
        for shape in
            ["(1000000000000,)", "(18446744073709551615, 2)", "(4294967296, 4294967296)", "(2, 0)", "()"]
        {
            assert!(refusal(&file("'<f4'", "False", shape, &[0; 5])).contains("found 5 bytes"), "{shape}");
        }
        assert!(refusal(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{").contains("4294967295 bytes"));
        let nested = file("'<f4'", "False", &"(".repeat(2000), &[]);
        assert!(refusal(&nested).contains("plain array"));
    }

    #[test]
    fn the_first_axis_fastest() {
        // As it lies in memory, a[i][j][k] = 100 i + 10 j + k.
        let mut data = Vec::new();
        for k in 0..4_u8 {
            for j in 0..3 {
                (0..2).for_each(|i| data.push(100 * i + 10 * j + k));
            }
        }
        let array = read(&file("'|u1'", "True", "(2, 3, 4)", &data)).unwrap();
        let expected = (0..24_u8).map(|n| 100 * (n / 12) + 10 * (n / 4 % 3) + n % 4).collect();
        assert_eq!((array.shape, array.elements), (vec![2, 3, 4], Elements::U8(expected)));
        let wide: Vec<u8> = [1_i16, 3, 2, 4].iter().flat_map(|n| n.to_be_bytes()).collect();
        let array = read(&file("'>i2'", "True", "(2, 2)", &wide)).unwrap();
        assert_eq!(array.elements, Elements::U8(vec![1, 2, 3, 4]));
    }

    #[test]
    fn order_and_damage() {
        let good = file("'|u1'", "False", "(1, 2)", &[0; 2]);
        for length in 0..good.len() {
            assert!(read(&good[..length]).is_err(), "{length}");
        }
        assert!(read(&[&good[..], &[0]].concat()).is_err());
    }
}
