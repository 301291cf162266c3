//! Masks as BMP and TIFF, decoded by `image`: the stored value, or the index into the palette, is the class id.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::codecs::tiff::TiffDecoder;
use image::{ColorType, ImageDecoder};

use super::ids::{self, Colours};
use super::{Array, Elements, Error, Result, check_pixels};

/// What LZW can make of a byte at best: a file cannot hold more pixels than this allows.
const MOST_INFLATION: u64 = 4096;

/// Reads a grey, palette or, with `colours`, RGB bitmap of Windows.
///
/// # Errors
/// Colours without a map of them, a damaged file.
pub fn read_bmp(bytes: &[u8], colours: Option<&Colours>) -> Result<Array> {
    // The decoder takes the indices of run lengths on trust.
    let field = |start: usize| bytes.get(start..)?.first_chunk().map(|four| u32::from_le_bytes(*four));
    if field(14).is_some_and(|size| size >= 16) && !matches!(field(30), Some(0 | 3)) {
        return Err(Error::new("found a compressed bitmap, expected a plain one: save it as PNG"));
    }
    let mut decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(damaged)?;
    let palette = decoder.get_palette().map(<[_]>::to_vec);
    let bits = bytes.get(28).copied().unwrap_or(0);
    if let (Some(palette), 1..8) = (&palette, bits) {
        // The decoder gives no indices of fewer than 8 bits: they are told by their colours.
        let most = 1 << bits;
        let used = field(46).filter(|used| (1..most).contains(used)).unwrap_or(most) as usize;
        let indices = Colours::of_palette(palette.get(..used).unwrap_or(palette))?;
        return decode(decoder, bytes.len(), Some(colours.unwrap_or(&indices)));
    }
    // A palette stays what it is.
    decoder.set_indexed_color(palette.is_some());
    let Array { shape, elements } = decode(decoder, bytes.len(), colours)?;
    let elements = match (elements, palette, colours) {
        (Elements::U8(indices), Some(palette), Some(colours)) => {
            let colour = |index: &u8| palette.get(usize::from(*index)).copied().unwrap_or_default();
            colours.elements(indices.iter().map(colour))?
        }
        (elements, ..) => elements,
    };
    Ok(Array { shape, elements })
}

/// Reads a grey or, with `colours`, RGB TIFF of up to 16 bits.
///
/// # Errors
/// Colours without a map of them, numbers that are no class ids, a damaged file.
pub fn read_tiff(bytes: &[u8], colours: Option<&Colours>) -> Result<Array> {
    decode(TiffDecoder::new(Cursor::new(bytes)).map_err(damaged)?, bytes.len(), colours)
}

fn damaged(error: image::ImageError) -> Error {
    Error::new(format_args!("not a readable image: {error}"))
}

fn decode(decoder: impl ImageDecoder, size: usize, colours: Option<&Colours>) -> Result<Array> {
    let (width, height) = decoder.dimensions();
    let kind = decoder.color_type();
    check_pixels(height as usize, width as usize)?;
    if u64::from(width) * u64::from(height) > MOST_INFLATION * size as u64 {
        return Err(Error::new(format_args!(
            "found {width}x{height} pixels claimed in {size} bytes: the file is damaged"
        )));
    }
    let length = usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX);
    let mut pixels = Vec::new();
    pixels.try_reserve_exact(length).map_err(Error::new)?;
    pixels.resize(length, 0);
    decoder.read_image(&mut pixels).map_err(damaged)?;
    let opaque = |pixels: &[u8]| pixels.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255);
    let elements = match (kind, colours) {
        (ColorType::L8, _) => Elements::U8(pixels),
        (ColorType::L16, _) => {
            ids::narrowest(pixels.as_chunks().0.iter().map(|id| u16::from_ne_bytes(*id)).collect())
        }
        (ColorType::Rgb8, Some(colours)) => colours.elements(pixels.as_chunks().0.iter().copied())?,
        (ColorType::Rgba8, Some(colours)) if opaque(&pixels) => {
            colours.elements(pixels.as_chunks::<4>().0.iter().map(|[r, g, b, _]| [*r, *g, *b]))?
        }
        _ => return Err(ids::refused(&format!("{kind:?}"))),
    };
    Ok(Array { shape: vec![height as usize, width as usize], elements })
}
