//! NumPy's `.npz`: a ZIP of `.npy`, unpacked by `zip`.

use std::io::{Cursor, Read};

use super::{Error, Result};

/// What deflate can make of a byte at best.
const MOST_INFLATION: u64 = 1032;

/// The only array of an archive, as `.npy`.
///
/// # Errors
/// No array, or several, or a damaged file.
pub fn only(bytes: &[u8]) -> Result<Vec<u8>> {
    let damaged = |e| Error::new(format_args!("not a readable .npz: {e}"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if archive.len() != 1 {
        let names = (0..archive.len().min(5)).filter_map(|place| archive.name_for_index(place)?.ok());
        let names = names.collect::<Vec<_>>().join(", ");
        return Err(Error::new(format_args!(
            "found {} arrays ({names}), expected one: numpy.savez(file, array)",
            archive.len()
        )));
    }
    let file = archive.by_index(0).map_err(damaged)?;
    let mut array = Vec::new();
    // What a file claims is not what it holds.
    let limit = file.size().min(MOST_INFLATION * bytes.len() as u64);
    file.take(limit + 1)
        .read_to_end(&mut array)
        .map_err(|e| Error::new(format_args!("not a readable .npz: {e}")))?;
    if array.len() as u64 > limit {
        return Err(Error::new(format_args!(
            "found more than {limit} bytes in this .npz: the file is damaged"
        )));
    }
    Ok(array)
}
