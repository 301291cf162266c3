//! The image for MPS3 with AN547: `memory/an547.x` is its memory.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    // SAFETY: the image is linked for this board's memory alone.
    unsafe { segmeter_mps2::app(&segmeter_mps2::AN547) }
}

#[cfg(not(target_os = "none"))]
fn main() {}
