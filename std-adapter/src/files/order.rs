//! What the axes of a file mean.

use segmeter_core::view::{MAX_CLASSES, Shape};

use super::{Error, Result, axes};

/// Which axes an image has, beside a leading one that counts images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// `(H,W)`: one number per pixel.
    #[default]
    Plane,
    /// `(C,H,W)`: one plane per channel.
    Planar,
    /// `(H,W,C)`: all channels of a pixel side by side.
    Interleaved,
}

/// The axes of an array, named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrangement {
    pub(super) order: Order,
    /// How many images, if they have an axis of their own.
    pub(super) batch: Option<usize>,
    pub(super) channels: usize,
    pub(super) shape: Shape,
}

impl Order {
    /// What a file is unless told: the channels of a single image are told from many images without channels only
    /// by what is beside the file. They come first, unless only the last can be classes.
    pub(super) const fn guess(found: &[usize], in_directory: bool) -> Self {
        match (found, in_directory) {
            ([_, first, _, last], _) | ([first, _, last], true) => {
                if *first > MAX_CLASSES && *last <= MAX_CLASSES { Self::Interleaved } else { Self::Planar }
            }
            _ => Self::Plane,
        }
    }

    const fn names(self) -> &'static str {
        match self {
            Self::Plane => "H,W",
            Self::Planar => "C,H,W",
            Self::Interleaved => "H,W,C",
        }
    }

    /// The axes of one image.
    #[must_use]
    pub fn axes(self, shape: Shape, channels: usize) -> Vec<usize> {
        let (height, width) = (shape.height(), shape.width());
        match self {
            Self::Plane => vec![height, width],
            Self::Planar => vec![channels, height, width],
            Self::Interleaved => vec![height, width, channels],
        }
    }

    /// Names the axes of an array.
    pub(super) fn arrange(self, found: &[usize]) -> Result<Arrangement> {
        let (batch, channels, height, width) = match (self, found) {
            (Self::Plane, [h, w]) => (None, 1, *h, *w),
            // One number per pixel may have an axis of its own, before or behind the sides.
            (Self::Plane, [n, h, w] | [n, 1, h, w] | [n, h, w, 1]) => (Some(*n), 1, *h, *w),
            (Self::Planar, [c, h, w]) | (Self::Interleaved, [h, w, c]) => (None, *c, *h, *w),
            (Self::Planar, [n, c, h, w]) | (Self::Interleaved, [n, h, w, c]) => (Some(*n), *c, *h, *w),
            _ => {
                let names = self.names();
                let way = if found.len() == 4 { self.way() } else { "" };
                return Err(Error::new(format_args!(
                    "found axes {}, expected ({names}) or (N,{names}){way}",
                    axes(found)
                )));
            }
        };
        if batch == Some(0) || channels == 0 {
            let what = if channels == 0 { "channel" } else { "image" };
            return Err(Error::new(format_args!("found axes {}, expected at least one {what}", axes(found))));
        }
        Ok(Arrangement { order: self, batch, channels, shape: shape_of(height, width)? })
    }

    /// What to say of channels that are not expected.
    const fn way(self) -> &'static str {
        match self {
            Self::Plane => "; of channels say --layout chw, or hwc if they come last",
            _ => "",
        }
    }

    /// Names the axes of a file that holds one image.
    pub(super) fn arrange_one(self, found: &[usize]) -> Result<Arrangement> {
        // One number per pixel may have an axis of its own.
        let found = match (self, found) {
            (Self::Plane, [sides @ .., 1]) if sides.len() == 2 && sides != [1, 1] => sides,
            _ => found,
        };
        match self.arrange(found)? {
            // An axis for one image, as networks have it.
            one @ Arrangement { batch: None | Some(1), .. } => Ok(Arrangement { batch: None, ..one }),
            _ => Err(Error::new(format_args!(
                "found axes {}, expected ({}){}: in a directory a file holds one image{}",
                axes(found),
                self.names(),
                if self == Self::Plane { ", one number for each pixel" } else { "" },
                self.way()
            ))),
        }
    }
}

impl Arrangement {
    pub(super) fn images(&self) -> usize {
        self.batch.unwrap_or(1)
    }
}

fn shape_of(height: usize, width: usize) -> Result<Shape> {
    let side = |n: usize| u32::try_from(n).ok();
    match (side(height), side(width)) {
        (Some(height), Some(width)) => Shape::new(height, width)
            .map_err(|e| Error::new(format_args!("found an image of {height}x{width}: {e}"))),
        _ => Err(Error::new(format_args!(
            "found an image of {height}x{width}, expected fewer than 2^32 pixels"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_named() {
        let named = |order: Order, found: &[usize]| {
            let all = order.arrange(found).unwrap();
            (all.batch, all.channels, all.shape.height(), all.shape.width())
        };
        assert_eq!(named(Order::Plane, &[2, 3]), (None, 1, 2, 3));
        assert_eq!(named(Order::Plane, &[4, 2, 3]), (Some(4), 1, 2, 3));
        // A network with one channel keeps its axis.
        assert_eq!(named(Order::Plane, &[4, 1, 2, 3]), (Some(4), 1, 2, 3));
        assert_eq!(named(Order::Plane, &[4, 2, 3, 1]), (Some(4), 1, 2, 3));
        assert_eq!(named(Order::Planar, &[5, 2, 3]), (None, 5, 2, 3));
        assert_eq!(named(Order::Planar, &[4, 5, 2, 3]), (Some(4), 5, 2, 3));
        assert_eq!(named(Order::Interleaved, &[2, 3, 5]), (None, 5, 2, 3));
        assert_eq!(named(Order::Interleaved, &[4, 2, 3, 5]), (Some(4), 5, 2, 3));
    }

    #[test]
    fn axes_that_make_no_sense_are_refused() {
        let line = |order: Order, found: &[usize]| order.arrange(found).unwrap_err().to_string();
        assert_eq!(
            line(Order::Plane, &[1, 2, 3, 4]),
            "found axes (1,2,3,4), expected (H,W) or (N,H,W); of channels say --layout chw, or hwc if they come last"
        );
        assert!(line(Order::Planar, &[2, 3]).contains("expected (C,H,W) or (N,C,H,W)"));
        assert!(line(Order::Interleaved, &[1, 2, 3, 4, 5]).contains("(N,H,W,C)"));
        assert!(line(Order::Plane, &[7]).contains("(H,W)"));
        assert!(line(Order::Plane, &[]).contains("()"));
        assert!(line(Order::Planar, &[0, 2, 3]).contains("one channel"));
        assert!(line(Order::Planar, &[0, 4, 2, 3]).contains("one image"));
        assert!(line(Order::Plane, &[2, 0]).contains("2x0"));
        assert!(line(Order::Interleaved, &[1 << 33, 1, 1]).contains("2^32"));
        assert!(Order::Planar.arrange_one(&[2, 2, 3, 4]).unwrap_err().to_string().contains("one image"));
    }

    /// Outputs of networks as they are dumped.
    #[test]
    fn classes_come_first_or_last() {
        for (found, order) in [
            (&[48, 64, 5][..], Order::Interleaved),
            (&[48, 64, 1], Order::Interleaved),
            (&[1, 48, 64, 5], Order::Interleaved),
            (&[5, 48, 64], Order::Planar),
            (&[32, 48, 32], Order::Planar),
            (&[33, 48, 32], Order::Interleaved),
            (&[150, 512, 512], Order::Planar),
            (&[1, 1, 48, 64], Order::Planar),
            (&[48, 64], Order::Plane),
        ] {
            assert_eq!(Order::guess(found, true), order, "{found:?}");
        }
        assert_eq!(Order::guess(&[48, 64, 5], false), Order::Plane, "many images in a file");
        let one = Order::Interleaved.arrange_one(&[1, 48, 64, 5]).unwrap();
        assert_eq!((one.batch, one.channels, one.shape.width()), (None, 5, 64));
    }
}
