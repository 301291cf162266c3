//! Buffers of images that have been looked at, for the next ones: fresh memory costs about as much as to decode a mask.

use std::cell::RefCell;

/// Of a thread: an image and its labels.
const MOST: usize = 2;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of this length with whatever it held, or of zeros.
pub(super) fn take(len: usize) -> Vec<u8> {
    let spare = SPARE.with_borrow_mut(|spare| {
        let place = spare.iter().position(|buffer| buffer.len() >= len)?;
        Some(spare.swap_remove(place))
    });
    let mut buffer = spare.unwrap_or_else(|| vec![0; len]);
    buffer.truncate(len);
    buffer
}

/// Gives the bytes of an image back: the next image that this thread reads, if it is no larger, is read into them. To drop
/// them instead costs nothing but time.
pub fn give_back(bytes: Vec<u8>) {
    SPARE.with_borrow_mut(|spare| {
        if spare.len() == MOST {
            spare.remove(0);
        }
        spare.push(bytes);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_and_no_more_than_two_wait() {
        give_back(vec![1; 10]);
        give_back(vec![2; 20]);
        give_back(vec![3; 30]);
        assert_eq!(take(25), [3; 25], "the first that is long enough");
        assert_eq!(take(20), [2; 20]);
        assert_eq!(take(5), [0; 5], "of three the first is gone");
    }
}
