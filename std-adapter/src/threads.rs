//! Work that several threads share.

use std::sync::OnceLock;
use std::thread::available_parallelism;

use rayon_core::{ThreadPool, ThreadPoolBuilder};

/// The threads that are kept: one per core. `None` where the system gives none.
static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();

fn pool() -> Option<&'static ThreadPool> {
    let start = || {
        let name = |place| format!("segmeter-{place}");
        let cores = available_parallelism().map_or(1, usize::from);
        ThreadPoolBuilder::new().num_threads(cores).thread_name(name).build().ok()
    };
    POOL.get_or_init(start).as_ref()
}

/// Runs `work` here and on up to `threads - 1` other threads, and returns what each came to, this one first. `work` takes
/// what is left until nothing is: where there are fewer threads, those that are there do all of it.
///
/// The threads are kept from call to call, one per core.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// let next = AtomicU32::new(0);
/// let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < 100);
/// let sums = segmeter::threads::share(4, || std::iter::from_fn(take).sum::<u32>());
/// assert_eq!(sums.iter().sum::<u32>(), 4950);
/// ```
pub fn share<T: Send>(threads: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    let Some(pool) = (threads > 1).then(pool).flatten() else { return vec![work()] };
    let mut others: Vec<Option<T>> = (1..threads).map(|_| None).collect();
    let first = pool.in_place_scope(|scope| {
        for other in &mut others {
            scope.spawn(|_| *other = Some(work()));
        }
        work()
    });
    [first].into_iter().chain(others.into_iter().flatten()).collect()
}
