//! Segmentation losses, metrics and drift detection over fixed buffers.
//!
//! No `std`, no allocation, no `unsafe`, no panics: the same numbers, bit for bit, on a microcontroller and on
//! a server.
//!
//! Every loss is a value; it evaluates a frame that you own, and writes the gradient where you say:
//!
//! ```
//! use segmeter_core::loss::{Loss, Tversky};
//! use segmeter_core::view::{Frame, IGNORE, Labels, Shape};
//!
//! let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
//! let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
//! let mut gradient = [0.0; 3];
//! let found = Tversky::FN_HEAVY.value_and_gradient(&frame, &mut [], &mut gradient)?;
//! assert_eq!(found.value, 0.30115312);
//! assert!(gradient[2] < 0.0); // a pixel of the road that was missed: its logit is to rise
//! # Ok::<(), segmeter_core::Error>(())
//! ```
//!
//! Two masks, row by row:
//!
//! ```
//! use segmeter_core::metric::Confusion;
//!
//! let mut confusion = Confusion::<2>::new(255); // 255: not scored
//! confusion.push_row(&[1, 1, 0, 0, 1], &[1, 0, 0, 1, 255])?; // predictions, labels
//! assert_eq!(confusion.class(1).iou().value(), Some(1.0 / 3.0));
//! # Ok::<(), segmeter_core::Error>(())
//! ```
//!
//! 8-bit outputs on a device, where no frame of floats exists: a histogram is all that is kept, and says exactly what the
//! whole frame would.
//!
//! ```
//! use segmeter_core::loss::{CrossEntropy, Loss};
//! use segmeter_core::metric::Confusion;
//! use segmeter_core::sketch::{SigmoidTable, Sketch};
//! use segmeter_core::view::{Encoding, Quantiser};
//!
//! let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 15)?; // scale and zero point of the network's output
//! let table = SigmoidTable::new(&quantiser);
//! let mut sketch = Sketch::<u32>::new(&quantiser);
//! sketch.push_row(&[80i8, 20, -40, 3], &[1, 1, 0, 0]); // codes, labels
//! sketch.push_row(&[90i8, -3, -60, 30], &[1, 1, 0, 255]);
//! assert_eq!(CrossEntropy::MEAN.sketch_value(&sketch, &table)?.value, 0.3852891);
//! assert_eq!(Confusion::of_sketch(&sketch, &table).class(1).iou().value(), Some(0.75));
//! # Ok::<(), segmeter_core::Error>(())
//! ```
//!
//! # Modules
//!
//! | module | holds |
//! |---|---|
//! | [`view`] | borrowed, checked frames: logits, 8-bit codes, labels, masks, weights |
//! | [`list`] | what there is, by name |
//! | [`prelude`] | what a first loss needs, in one import |
//! | [`loss`] | every loss by family: value and gradient |
//! | [`metric`] | overlap, threshold, calibration, boundary and surface metrics |
//! | [`drift`] | label-free statistics, distances to a reference, detectors, the monitor |
//! | [`sketch`] | the histogram that stands for a frame of 8-bit outputs |
//! | [`upsample`] | class ids at the size of the image from coarse scores of several classes |
//! | [`plane`] | distances, edges, contours and skeletons of masks |
//! | [`num`], [`simd`] | elementary functions, exact sums, the seam for vector machines |
//!
//! Features, none of which changes a number: `defmt` (types can be logged), `serde` (what is listed can be serialised),
//! `micromath` (its exponential as a machine of its own, to be measured beside ours). None is on by default.
//!
//! Notation: `z` logit, `p` probability, `g` label (0 or 1), `w` weight.
//!
//! # What there is
//!
#![doc = include_str!("guide/lists.md")]
//!
//! # How it keeps its bits
//!
#![doc = include_str!("guide/bits.md")]
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::todo)]
#![deny(clippy::indexing_slicing, clippy::string_slice)]

pub mod drift;
mod error;
pub mod list;
pub mod loss;
pub mod metric;
pub mod num;
pub mod plane;
pub mod prelude;
pub mod simd;
pub mod sketch;
pub mod upsample;
pub mod view;

pub use error::{Error, Result};
