//! The same work on every image, on several threads.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use segmeter::threads::share;

use super::Failure;

/// Runs `work` for 0 to `count` on threads that each begin with what `start` makes; results in order.
///
/// Of several failures, the one of the first image is told.
pub(super) fn each<S: Send, T: Send>(
    threads: NonZero<usize>,
    count: usize,
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<T, Failure> + Sync,
) -> Result<(Vec<S>, Vec<T>), Failure> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let run = || {
        let mut state = start();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= count {
                return state;
            }
            let result = work(&mut state, place);
            if result.is_err() {
                // Images before this one have all been begun; the others need not be.
                next.fetch_max(count, Ordering::Relaxed);
            }
            if let Ok(mut done) = done.lock() {
                done.insert(place, result);
            }
        }
    };
    let states = share(threads.get().min(count), run);
    let results = done.into_inner().unwrap_or_default().into_values();
    Ok((states, results.collect::<Result<_, _>>()?))
}
