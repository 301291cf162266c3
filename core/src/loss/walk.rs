//! How the pixels of a frame are walked, whatever is summed: by rows, by vectors of pixels, one class or several at once.

mod execute;
mod pass;
mod pixels;
mod plane;
mod softmax;

pub use execute::{Execute, Job, Serial};
pub(super) use pass::{Pass, ratio};
pub use pixels::Pixel;
pub(super) use pixels::{AnyPixels, PlainPixels, SketchPixels, padded};
pub(super) use plane::{Plane, PlanePass, fold};
pub(super) use softmax::{BLOCKS, Block, ClassPass, Classes, PrecisePass, load};
