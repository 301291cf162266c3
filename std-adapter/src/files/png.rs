//! Masks as PNG: the stored value, or the index into the palette, is the class id; or a map says which colour is which.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Info, Limits, Reader, Transformations};
use segmeter_core::view::Shape;

use super::ids::{self, Colours};
use super::{Array, Elements, Error, Result, spare};

/// What deflate can make of a byte at best: a file cannot hold more pixels than this allows.
const MOST_INFLATION: u64 = 1032;

/// Reads a grey or palette PNG of up to 16 bits, or with `colours` the ids of its colours.
///
/// # Errors
/// Colours without a map of them, a damaged file.
pub fn read(bytes: &[u8], colours: Option<&Colours>) -> Result<Array> {
    let damaged = |e| Error::new(format_args!("not a readable PNG: {e}"));
    let mut decoder = decoder(bytes);
    let info = decoder.read_header_info().map_err(damaged)?;
    let (width, height) = (info.width as usize, info.height as usize);
    let (colour, depth) = (info.color_type, info.bit_depth);
    let is_grey = matches!(colour, ColorType::Grayscale | ColorType::Indexed);
    let is_grey = is_grey || colour == ColorType::GrayscaleAlpha && depth == BitDepth::Eight;
    if !is_grey && (colours.is_none() || depth != BitDepth::Eight || colour == ColorType::GrayscaleAlpha) {
        return Err(ids::refused(&format!("{}-bit {colour:?}", depth as u8)));
    }
    check_size(info, bytes.len())?;
    let row_bytes = row_bytes(info);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let size = reader.output_buffer_size().ok_or_else(|| Error::new("the image does not fit into memory"))?;
    // Passes set some bits of a byte each; rows set whole bytes, all of them.
    let mut packed = if reader.info().interlaced { vec![0; size] } else { spare::take(size) };
    reader.next_frame(&mut packed).map_err(damaged)?;
    // Reads to the end, so that a file that stops after its last pixel is noticed too.
    reader.finish().map_err(damaged)?;
    let palette = reader.info().palette.as_ref().map(|palette| palette.as_chunks::<3>().0.to_vec());
    let values = || {
        let rows = packed.chunks(row_bytes.max(1) as usize);
        rows.flat_map(|row| unpack(row, depth as u32).take(width))
    };
    let elements = match (colour, colours) {
        (ColorType::GrayscaleAlpha, _) => {
            let pixels = packed.as_chunks::<2>().0;
            if pixels.iter().any(|pixel| pixel[1] != 255) {
                return Err(ids::refused("half transparent"));
            }
            Elements::U8(pixels.iter().map(|pixel| pixel[0]).collect())
        }
        (ColorType::Rgb, Some(colours)) => colours.elements(packed.as_chunks().0.iter().copied())?,
        (ColorType::Rgba, Some(colours)) => {
            let pixels = packed.as_chunks::<4>().0;
            if pixels.iter().any(|pixel| pixel[3] != 255) {
                return Err(ids::refused("half transparent"));
            }
            colours.elements(pixels.iter().map(|[r, g, b, _]| [*r, *g, *b]))?
        }
        (ColorType::Indexed, Some(colours)) => {
            let palette = palette.unwrap_or_default();
            let colour = |index: u8| palette.get(usize::from(index)).copied().unwrap_or_default();
            colours.elements(values().map(colour))?
        }
        _ if depth == BitDepth::Sixteen => {
            ids::narrowest(packed.as_chunks().0.iter().map(|id| u16::from_be_bytes(*id)).collect())
        }
        _ if depth == BitDepth::Eight => Elements::U8(packed),
        _ => Elements::U8(values().collect()),
    };
    Ok(Array { shape: vec![height, width], elements })
}

/// Palettes and single bits stay what they are.
fn decoder(bytes: &[u8]) -> Decoder<Cursor<&[u8]>> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: 64 << 20 });
    decoder.set_transformations(Transformations::IDENTITY);
    decoder
}

fn row_bytes(info: &Info<'_>) -> u64 {
    let (samples, depth) = (info.color_type.samples() as u64, info.bit_depth as u64);
    (u64::from(info.width) * samples * depth).div_ceil(8)
}

/// Refuses more pixels than a file of so many bytes can hold, or than are allowed.
fn check_size(info: &Info<'_>, bytes: usize) -> Result<()> {
    let (width, height) = (info.width, info.height);
    let stored = row_bytes(info).checked_mul(height.into());
    if stored.is_none_or(|stored| stored > MOST_INFLATION * bytes as u64) {
        return Err(Error::new(format_args!(
            "found {width}x{height} pixels claimed in {bytes} bytes: the file is damaged"
        )));
    }
    super::check_pixels(height as usize, width as usize)
}

/// The ids of a PNG row by row: no image is kept.
pub struct Rows<'a> {
    reader: Reader<Cursor<&'a [u8]>>,
    shape: Shape,
}

impl<'a> Rows<'a> {
    /// Of a grey or palette PNG of 8 bits, not interlaced. `None` of all others, and of what [`read`] refuses.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let mut decoder = decoder(bytes);
        let info = decoder.read_header_info().ok()?;
        let is_plain = matches!(info.color_type, ColorType::Grayscale | ColorType::Indexed);
        if !is_plain || info.bit_depth != BitDepth::Eight || info.interlaced {
            return None;
        }
        check_size(info, bytes.len()).ok()?;
        let shape = Shape::new(info.height, info.width).ok()?;
        Some(Self { reader: decoder.read_info().ok()?, shape })
    }

    /// Rows and columns.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The next row. `None` past the last one, and where the file is damaged.
    pub fn next_row(&mut self) -> Option<&[u8]> {
        self.reader.next_row().ok()?.map(|row| row.data())
    }

    /// Whether all rows were read, and nothing is wrong with what follows them.
    #[must_use]
    pub fn is_whole(mut self) -> bool {
        matches!(self.reader.next_row(), Ok(None)) && self.reader.finish().is_ok()
    }
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
        let ids = |bytes: &[u8]| read(bytes, None).unwrap().elements;
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

    /// What rows hold of a file, if they are to be had to the end.
    fn by_rows(bytes: &[u8]) -> Option<Vec<u8>> {
        let mut rows = Rows::new(bytes)?;
        let mut ids = Vec::new();
        for _ in 0..rows.shape().height() {
            ids.extend(rows.next_row()?);
        }
        rows.is_whole().then_some(ids)
    }

    /// A file with any byte another, or cut anywhere: what is no whole image is none by rows either.
    #[test]
    fn rows_are_those_of_the_image() {
        let ids: Vec<u8> = (0..7 * 5).map(|pixel| pixel * pixel % 19).collect();
        for colour in [ColorType::Grayscale, ColorType::Indexed] {
            let file = encode(7, 5, colour, BitDepth::Eight, &ids);
            assert_eq!(by_rows(&file), Some(ids.clone()));
            let others = (0..file.len()).flat_map(|place| {
                let changed = [1, 0x80, 0xff].map(|bits| {
                    let mut file = file.clone();
                    file[place] ^= bits;
                    file
                });
                changed.into_iter().chain([file[..place].to_vec()])
            });
            for other in others {
                let expected = read(&other, None).ok().map(|array| array.elements.into_ids().unwrap());
                let found = by_rows(&other).map(|ids| ids.into_iter().map(u16::from).collect());
                assert!(found.is_none() || found == expected, "{other:?}");
            }
        }
        for (colour, depth) in [(ColorType::Grayscale, BitDepth::Four), (ColorType::Rgb, BitDepth::Eight)] {
            assert!(
                Rows::new(&encode(
                    2,
                    1,
                    colour,
                    depth,
                    &[1; 6][..if depth == BitDepth::Four { 1 } else { 6 }]
                ))
                .is_none()
            );
        }
    }

    /// A buffer that comes back has another image in it.
    #[test]
    fn nothing_is_left_of_the_image_before() {
        for (depth, data) in [(BitDepth::Eight, [9; 35]), (BitDepth::One, [0xff; 35])] {
            let (width, bytes) = if depth == BitDepth::Eight { (7, 35) } else { (5, 5) };
            spare::give_back(vec![0xaa; 400]);
            let file = encode(width, 5, ColorType::Grayscale, depth, &data[..bytes]);
            let ids = read(&file, None).unwrap().elements;
            assert_eq!(
                ids,
                Elements::U8(vec![if depth == BitDepth::Eight { 9 } else { 1 }; 5 * width as usize])
            );
        }
    }

    #[test]
    fn sixteen_bits() {
        let deep = |data: &[u8]| encode(2, 1, ColorType::Grayscale, BitDepth::Sixteen, data);
        assert_eq!(read(&deep(&[0, 7, 0, 255]), None).unwrap().elements, Elements::U8(vec![7, 255]));
        assert_eq!(read(&deep(&[1, 44, 0, 2]), None).unwrap().elements, Elements::U16(vec![300, 2]));
    }

    #[test]
    fn colours_have_ids() {
        let voc = Colours::new("voc").unwrap();
        let rgb = encode(2, 1, ColorType::Rgb, BitDepth::Eight, &[128, 128, 128, 224, 224, 192]);
        assert_eq!(read(&rgb, Some(&voc)).unwrap().elements, Elements::U8(vec![7, 255]));
        let clear = |alpha| encode(1, 1, ColorType::Rgba, BitDepth::Eight, &[128, 0, 0, alpha]);
        assert_eq!(read(&clear(255), Some(&voc)).unwrap().elements, Elements::U8(vec![1]));
        assert!(read(&clear(254), Some(&voc)).unwrap_err().to_string().contains("transparent"));
        let other = encode(1, 1, ColorType::Rgb, BitDepth::Eight, &[1, 2, 3]);
        let line = read(&other, Some(&voc)).unwrap_err().to_string();
        assert!(line.contains("found colour 1,2,3, which --colours voc does not have"), "{line}");
        // The test's palette is grey 7, which is none of the colours.
        let palette = encode(1, 1, ColorType::Indexed, BitDepth::Four, &[0x10]);
        assert!(read(&palette, Some(&voc)).unwrap_err().to_string().contains("colour 7,7,7"));
    }

    #[test]
    fn other_kinds_are_refused() {
        let colour = encode(1, 1, ColorType::Rgb, BitDepth::Eight, &[0; 3]);
        let line = read(&colour, None).unwrap_err().to_string();
        assert!(line.contains("8-bit Rgb") && line.contains("--colours"), "{line}");
        let grey = |alpha| encode(2, 1, ColorType::GrayscaleAlpha, BitDepth::Eight, &[7, 255, 3, alpha]);
        let voc = Colours::new("voc").unwrap();
        for colours in [None, Some(&voc)] {
            assert_eq!(read(&grey(255), colours).unwrap().elements, Elements::U8(vec![7, 3]));
            assert!(read(&grey(254), colours).unwrap_err().to_string().contains("half transparent"));
        }
    }
}
