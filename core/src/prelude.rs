//! What a first loss needs, in one import: of floats with their labels, or of 8-bit codes through a sketch.
//!
//! ```
//! use segmeter_core::prelude::*;
//!
//! let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
//! let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
//! let loss = Weighted::new(0.5, CrossEntropy::MEAN, 0.5, Dice::new(Smooth::ONE))?;
//! assert_eq!(loss.value(&frame, &mut [])?.value, 0.74118006);
//!
//! let quantiser = Quantiser::logits(Encoding::Signed, 0.5, 0)?;
//! let codes = Quantised::new(frame.shape(), &[4i8, -2, -6], quantiser)?; // the same logits
//! let sketch = Sketch::of(&codes, Some(&labels))?;
//! assert_eq!(loss.sketch_value(&sketch, &SigmoidTable::new(&quantiser))?.value, 0.74118006);
//! # Ok::<(), Error>(())
//! ```

pub use crate::error::{Error, Result};
pub use crate::loss::{CrossEntropy, Dice, Loss, Smooth, Weighted};
pub use crate::sketch::{SigmoidTable, Sketch};
pub use crate::view::{Encoding, Frame, IGNORE, Labels, Quantised, Quantiser, Shape};
