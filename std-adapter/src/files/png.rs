//! Masks as PNG: the stored value, or the index into the palette, is the class id.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Limits, Transformations};

use super::{Array, Elements, Error, Result};

/// What deflate can make of a byte at best: a file cannot hold more pixels than this allows.
const MOST_INFLATION: u64 = 1032;

/// Reads a grey or palette PNG of 1, 2, 4 or 8 bits.
///
/// # Errors
/// Any other colour type, 16 bits, a damaged file.
pub fn read(bytes: &[u8]) -> Result<Array> {
    let damaged = |e| Error::new(format_args!("not a readable PNG: {e}"));
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: 64 << 20 });
    // Palettes and single bits stay what they are.
    decoder.set_transformations(Transformations::IDENTITY);
    let info = decoder.read_header_info().map_err(damaged)?;
    let (width, height) = (info.width as usize, info.height as usize);
    let (colour, depth) = (info.color_type, info.bit_depth);
    if !matches!(colour, ColorType::Grayscale | ColorType::Indexed) || depth == BitDepth::Sixteen {
        return Err(Error::new(format_args!(
            "found a {}-bit {colour:?} PNG, expected grey or palette of up to 8 bits, one class id a pixel",
            depth as u8
        )));
    }
    let row_bytes = (width as u64 * depth as u64).div_ceil(8);
    let stored = row_bytes.checked_mul(height as u64);
    if stored.is_none_or(|stored| stored > MOST_INFLATION * bytes.len() as u64) {
        return Err(Error::new(format_args!(
            "found {width}x{height} pixels claimed in {} bytes: the file is damaged",
            bytes.len()
        )));
    }
    super::check_pixels(height, width)?;
    let mut reader = decoder.read_info().map_err(damaged)?;
    let size = reader.output_buffer_size().ok_or_else(|| Error::new("the image does not fit into memory"))?;
    let mut packed = vec![0; size];
    reader.next_frame(&mut packed).map_err(damaged)?;
    // Reads to the end, so that a file that stops after its last pixel is noticed too.
    reader.finish().map_err(damaged)?;
    let ids = packed.chunks(row_bytes.max(1) as usize).flat_map(|row| unpack(row, depth as u32).take(width));
    Ok(Array { shape: vec![height, width], elements: Elements::U8(ids.collect()) })
}

/// Height and width by the header alone; `None` if there is none.
#[must_use]
pub fn size(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.read_header_info().ok().map(|info| (info.height as usize, info.width as usize))
}

/// The values of a row, highest bits first.
fn unpack(row: &[u8], bits: u32) -> impl Iterator<Item = u8> + '_ {
    let mask = u8::MAX >> (8 - bits);
    row.iter().flat_map(move |byte| (0..8 / bits).rev().map(move |place| (byte >> (place * bits)) & mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(width: u32, height: u32, colour: ColorType, depth: BitDepth, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if colour == ColorType::Indexed {
            encoder.set_palette(vec![7; 48]);
        }
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        bytes
    }

    #[test]
    fn values_and_indices_are_class_ids() {
        let ids = |bytes: &[u8]| read(bytes).unwrap().elements;
        let grey = encode(3, 1, ColorType::Grayscale, BitDepth::Eight, &[0, 1, 255]);
        assert_eq!(ids(&grey), Elements::U8(vec![0, 1, 255]));
        let bits = encode(3, 2, ColorType::Grayscale, BitDepth::One, &[0b1010_0000, 0b0110_0000]);
        assert_eq!(ids(&bits), Elements::U8(vec![1, 0, 1, 0, 1, 1]));
        let pairs = encode(
            5,
            2,
            ColorType::Grayscale,
            BitDepth::Two,
            &[0b00_01_10_11, 0b10_00_00_00, 0b11_10_01_00, 0b01_11_11_11],
        );
        assert_eq!(
            ids(&pairs),
            Elements::U8(vec![0, 1, 2, 3, 2, 3, 2, 1, 0, 1]),
            "the highest bits come first"
        );
        let palette = encode(3, 1, ColorType::Indexed, BitDepth::Four, &[0x12, 0xf0]);
        assert_eq!(ids(&palette), Elements::U8(vec![1, 2, 15]));
    }

    #[test]
    fn other_kinds_are_refused() {
        let colour = encode(1, 1, ColorType::Rgb, BitDepth::Eight, &[0; 3]);
        assert!(read(&colour).unwrap_err().to_string().contains("Rgb"));
        let deep = encode(1, 1, ColorType::Grayscale, BitDepth::Sixteen, &[0; 2]);
        assert!(read(&deep).unwrap_err().to_string().contains("16-bit"));
    }
}
