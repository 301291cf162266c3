//! The same work on every image, or on every class of one, on several threads.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use segmeter::threads::share;

/// Runs `work` for 0 to `count` on threads that each begin with what `start` makes; results in order.
///
/// Of several failures, the one of the first is told.
pub(super) fn each<S: Send, T: Send, E: Send>(
    threads: NonZero<usize>,
    count: usize,
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<T, E> + Sync,
) -> Result<(Vec<S>, Vec<T>), E> {
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
                // What is before this one has all been begun; the others need not be.
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
