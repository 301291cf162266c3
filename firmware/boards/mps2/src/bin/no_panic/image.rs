//! Calls every public function of core with arguments that the optimiser knows nothing of.

use core::hint::black_box;

use segmeter_core::Result;
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, Quantiser, Shape};

mod device;
mod drift;
mod drift_statistics;
mod losses;
mod metrics;
mod monitor;
mod numbers;
mod planes;
mod surfaces;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        #[link_name = "a core function can panic"]
        safe fn a_core_function_can_panic() -> !;
    }
    a_core_function_can_panic()
}

#[cortex_m_rt::entry]
fn main() -> ! {
    loop {
        numbers::all();
        // What fails to link need not be compiled whole.
        #[cfg(not(feature = "negative-control"))]
        everything();
        #[cfg(feature = "negative-control")]
        black_box(black_box(&[1_u8, 2, 3][..])[black_box(1)]);
    }
}

#[cfg_attr(feature = "negative-control", expect(dead_code, reason = "only what is linked is compiled"))]
fn everything() {
    let _ = black_box(losses::all());
    let _ = black_box(planes::all());
    let _ = black_box(metrics::all());
    let _ = black_box(metrics::drift());
    let _ = black_box(monitor::all());
    let _ = black_box(drift_statistics::all());
    let _ = black_box(drift::all());
    let _ = black_box(surfaces::all());
    device::all();
}

/// A slice of which neither elements nor length are known.
fn unknown<T>(slice: &[T]) -> &[T] {
    black_box(slice)
}

/// The same, to write to.
fn unknown_mut<T>(slice: &mut [T]) -> &mut [T] {
    black_box(slice)
}

/// A number.
fn x() -> f32 {
    black_box(0.5)
}

/// Yes or no.
fn either() -> bool {
    black_box(true)
}

fn shape() -> Result<Shape> {
    Shape::new(black_box(3), black_box(5))
}

fn quantiser() -> Result<Quantiser> {
    let encoding = if either() { Encoding::Signed } else { Encoding::Unsigned };
    if either() {
        return Quantiser::scaled_probabilities(encoding, x(), black_box(3));
    }
    Quantiser::logits(encoding, x(), black_box(3))
}

fn sketch() -> Result<(Sketch, SigmoidTable)> {
    let quantiser = quantiser()?;
    let mut sketch = Sketch::<u32>::new(&quantiser);
    sketch.push_row(unknown(&[0_i8; 7]), unknown(&[0; 7]));
    sketch.push_packed_row(unknown(&[0_u8; 9]), unknown(&[0; 2]), unknown(&[0; 2]));
    sketch.push_unlabelled(unknown(&[0_u8; 9]));
    let mut pool = Sketch::<u64>::new(&Quantiser::probabilities());
    pool.merge(&sketch)?;
    sketch.merge(&pool)?;
    black_box((pool.count(black_box(1), black_box(2)), pool.saturated()));
    black_box((pool.pixels_at(black_box(3)), pool.labelled(black_box(1)), pool.pixels()));
    pool.reset(&quantiser);
    pool.clear();
    let mut table = SigmoidTable::new(&quantiser);
    table.set(&Quantiser::probabilities());
    black_box((quantiser.logit(black_box(7)), quantiser.score(black_box(7)), quantiser.threshold()));
    black_box((table.threshold(), table.activation(), quantiser.activation()));
    Ok((sketch, table))
}
