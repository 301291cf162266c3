//! Runs of pixels in two masks of bytes.

/// Pixels that are looked at together: a bit each.
const BLOCK: usize = u64::BITS as usize;

/// Calls `visit` for all pixels side by side that have the same two bytes, with these and how many they are.
pub(super) fn each_run(a: &[u8], b: &[u8], mut visit: impl FnMut([u8; 2], usize)) {
    let pixels = a.len().min(b.len());
    let (a, b) = (&a[..pixels], &b[..pixels]);
    let (mut start, mut place) = (0, 1);
    let mut end_at = |end: usize| {
        visit([a[start], b[start]], end - start);
        start = end;
    };
    while let (Some(block_a), Some(block_b)) = (block(a, place), block(b, place)) {
        let mut changes = changes(block_a, block_b);
        while changes != 0 {
            end_at(place + changes.trailing_zeros() as usize);
            changes &= changes - 1;
        }
        place += BLOCK;
    }
    (place..pixels).filter(|end| (a[*end - 1], b[*end - 1]) != (a[*end], b[*end])).for_each(&mut end_at);
    if pixels != 0 {
        end_at(pixels);
    }
}

/// The pixels from this one, after the one before it.
fn block(bytes: &[u8], place: usize) -> Option<&[u8; BLOCK + 1]> {
    bytes.get(place - 1..)?.first_chunk()
}

/// A bit for every pixel but the first, the lowest for the second: whether it differs from the one before.
fn changes(a: &[u8; BLOCK + 1], b: &[u8; BLOCK + 1]) -> u64 {
    const HALF: usize = BLOCK / 2;
    let mut changes = 0;
    for first in [0, HALF] {
        let (a, b) = (&a[first..][..=HALF], &b[first..][..=HALF]);
        // Most pixels of a mask are as the one before.
        if a[1..] != a[..HALF] || b[1..] != b[..HALF] {
            let bits =
                (0..HALF).step_by(8).map(|place| differing(&a[place..], &b[place..]) << (first + place));
            changes |= bits.fold(0, |all, bits| all | bits);
        }
    }
    changes
}

/// The same of the second to the ninth.
fn differing(a: &[u8], b: &[u8]) -> u64 {
    const LOW: u64 = u64::from_le_bytes([0x7f; 8]);
    let word = |bytes: &[u8]| bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let differing = (word(a) ^ word(&a[1..])) | (word(b) ^ word(&b[1..]));
    // The highest bit of every byte that is not 0, moved into the highest byte.
    let bits = (((differing & LOW) + LOW) | differing) & !LOW;
    (bits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every length around that of a block and of its parts; runs of every length, bytes of every value.
    #[test]
    fn runs_are_those_found_pixel_by_pixel() {
        for (pixels, longest) in
            (0..200).flat_map(|pixels| [1, 2, 9, 40, 300].map(|longest| (pixels, longest)))
        {
            let mut seed = 7 + 31 * pixels as u32 + longest;
            let mut random = || {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed >> 8
            };
            let mut side = || -> Vec<u8> {
                let mut run = || vec![random() as u8; random() as usize % longest as usize + 1];
                let runs: Vec<u8> = std::iter::repeat_with(&mut run).take(pixels).flatten().collect();
                runs[..pixels].to_vec()
            };
            let (a, b) = (side(), side());
            let pairs: Vec<[u8; 2]> = a.iter().zip(&b).map(|(a, b)| [*a, *b]).collect();
            let expected: Vec<_> = pairs.chunk_by(|x, y| x == y).map(|run| (run[0], run.len())).collect();
            let mut found = Vec::new();
            each_run(&a, &b, |bytes, pixels| found.push((bytes, pixels)));
            assert_eq!(found, expected, "{pixels} {longest}");
        }
    }
}
