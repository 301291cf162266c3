//! Predictions of classes at a fraction of the size of the labels.

use clap::{Args, ValueEnum};
use segmeter::core::upsample::{Interpolation, Upsampling};
use segmeter::core::view::{Code, Quantiser, Shape};
use segmeter::files::{Elements, Image, Order};

#[derive(Args)]
#[command(next_help_heading = "How images are read")]
pub(in crate::command) struct UpsampleInput {
    /// Scores of classes are a K-th of the labels in height and width, 1 to 16: a network's 8-bit outputs as it gives them
    #[arg(long, value_name = "K")]
    upsample: Option<usize>,
    /// How scores are interpolated: bilinear with half_pixel centres (PyTorch's align_corners=False) or aligned_corners, or
    /// nearest
    #[arg(long, value_enum, default_value_t = Way::HalfPixel, requires = "upsample")]
    interpolation: Way,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Way {
    HalfPixel,
    AlignedCorners,
    Nearest,
}

/// How scores of classes become ids.
#[derive(Clone, Copy)]
pub(in crate::command) struct Enlarged {
    classes: usize,
    quantiser: Quantiser,
    factor: usize,
    interpolation: Interpolation,
}

impl UpsampleInput {
    /// What was asked for, of predictions such as `image`.
    pub(in crate::command) fn of(
        &self,
        image: &Image,
        quantiser: Option<Quantiser>,
    ) -> Result<Option<Enlarged>, String> {
        if self.upsample.is_none() {
            return Ok(None);
        }
        let found = image.elements.type_name();
        let Some(quantiser) = quantiser else {
            return Err(format!(
                "found {found}, expected 8-bit scores with --scale and --zero-point or with --probabilities for --upsample: \
                 enlarge floats where they are made"
            ));
        };
        if image.channels < 2 {
            let line = "found one score a pixel, expected scores of 2 to 32 classes for --upsample: axes (C,H,W) with \
                        --layout chw, or (H,W,C) with --layout hwc";
            return Err(line.to_owned());
        }
        self.enlarged(image, quantiser).map(Some)
    }

    /// The same of predictions that are scores of classes, and as large as their labels unless something else was said.
    pub(in crate::command) fn enlarged(
        &self,
        image: &Image,
        quantiser: Quantiser,
    ) -> Result<Enlarged, String> {
        let interpolation = match self.interpolation {
            Way::HalfPixel => Interpolation::HalfPixel,
            Way::AlignedCorners => Interpolation::AlignedCorners,
            Way::Nearest => Interpolation::Nearest,
        };
        let factor = self.upsample.unwrap_or(1);
        let enlarged = Enlarged { classes: image.channels, quantiser, factor, interpolation };
        enlarged.of(image.shape).map(|_| enlarged)
    }

    /// What decides a number.
    pub(in crate::command) fn settings(&self) -> serde_json::Value {
        let way = self.interpolation.to_possible_value().map(|way| way.get_name().to_owned());
        serde_json::json!({ "factor": self.upsample, "interpolation": way })
    }

    /// Whether it was asked for.
    pub(in crate::command) const fn is_some(&self) -> bool {
        self.upsample.is_some()
    }
}

impl Enlarged {
    /// How scores become those of the image's pixels.
    pub(in crate::command) const fn interpolation(&self) -> (usize, Interpolation) {
        (self.factor, self.interpolation)
    }

    /// The number of classes.
    pub(in crate::command) const fn classes(&self) -> usize {
        self.classes
    }

    pub(in crate::command) fn of(&self, shape: Shape) -> Result<Upsampling, String> {
        Upsampling::new(shape, self.classes, self.factor, self.interpolation)
            .map_err(|e| format!("found --upsample {} of {} classes: {e}", self.factor, self.classes))
    }

    /// The shape of the ids from scores of this one.
    pub(in crate::command) fn shape(&self, shape: Shape) -> Result<Shape, String> {
        let of = self.of(shape)?;
        Shape::new(of.height() as u32, of.width() as u32).map_err(|e| e.to_string())
    }

    /// The ids of an image; `None` if its numbers are no codes.
    pub(in crate::command) fn ids(&self, image: &Image) -> Result<Option<Vec<u16>>, String> {
        let of = self.of(image.shape)?;
        match &image.elements {
            Elements::I8(codes) => self.rows(&of, codes, image.order).map(Some),
            Elements::U8(codes) => self.rows(&of, codes, image.order).map(Some),
            _ => Ok(None),
        }
    }

    fn rows<Q: Code>(&self, of: &Upsampling, codes: &[Q], order: Order) -> Result<Vec<u16>, String> {
        let (height, width) = (of.shape().height(), of.shape().width());
        let mut scratch = vec![0; of.scratch_len()];
        let mut rows = of.rows(self.quantiser.encoding(), &mut scratch).map_err(|e| e.to_string())?;
        let mut ids = Vec::with_capacity(of.height() * of.width());
        for row in 0..height {
            let pushed = match order {
                Order::Interleaved => {
                    let width = width * self.classes;
                    rows.push_interleaved(&codes[row * width..(row + 1) * width])
                }
                _ => rows.push_planar(&codes[row * width..], height * width),
            };
            pushed.map_err(|e| e.to_string())?;
            while let Some(row) = rows.next_row() {
                ids.extend(row.iter().map(|id| u16::from(*id)));
            }
        }
        Ok(ids)
    }
}
