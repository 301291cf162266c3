//! Work that several threads share.

use std::thread;

/// Runs `work` here and on up to `threads - 1` other threads, and returns what each came to, this one first. `work` takes
/// what is left until nothing is: where the system gives no more threads, those that are there do all of it.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// let next = AtomicU32::new(0);
/// let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < 100);
/// let sums = segmeter::threads::share(4, || std::iter::from_fn(take).sum::<u32>());
/// assert_eq!(sums.iter().sum::<u32>(), 4950);
/// ```
pub fn share<T: Send>(threads: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let worker = |_| thread::Builder::new().spawn_scoped(scope, &work).ok();
        let workers: Vec<_> = (1..threads).map_while(worker).collect();
        let mut results = vec![work()];
        for worker in workers {
            match worker.join() {
                Ok(result) => results.push(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}
