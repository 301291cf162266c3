//! What a loss is evaluated on: one image, a channel of it, or several images stacked.

use std::path::Path;

use segmeter::core::view::Shape;
use segmeter::files::{Elements, Order};

use super::Failure;

/// One image, one channel of it, or several stacked.
pub(super) struct Sample {
    pub(super) name: String,
    /// Which member of the mean over images it is, or belongs to.
    pub(super) group: usize,
    /// Which channel it is, if channels are images of their own.
    pub(super) channel: usize,
    pub(super) shape: Shape,
    /// Scores of a pixel.
    pub(super) channels: usize,
    pub(super) scores: Elements,
    /// Class ids, or soft labels.
    pub(super) labels: Elements,
    pub(super) weights: Option<Vec<f32>>,
}

impl Sample {
    /// Every channel as a sample of its own.
    pub(super) fn split(self, order: Order) -> Vec<Self> {
        let (channels, pixels) = (self.channels, self.shape.pixels());
        let (scores, labels) = match order {
            Order::Interleaved => (self.scores.planar(channels), self.labels.planar(channels)),
            _ => (self.scores, self.labels),
        };
        let part = |channel: usize| {
            let range = channel * pixels..(channel + 1) * pixels;
            Self {
                name: format!("{}, channel {channel}", self.name),
                group: self.group,
                channel,
                shape: self.shape,
                channels: 1,
                scores: scores.part(range.clone()),
                labels: labels.part(range),
                weights: self.weights.clone(),
            }
        };
        (0..channels).map(part).collect()
    }

    /// All samples below each other.
    pub(super) fn stack(samples: &[Self], order: Order, path: &Path) -> Result<Self, Failure> {
        let refused = |line: &str| Failure::Input(format!("{}: {line}", path.display()));
        let first = samples.first().ok_or_else(|| refused("found no image"))?;
        if samples.iter().any(|sample| sample.shape.width() != first.shape.width()) {
            return Err(refused("found images of different widths: say --reduction image"));
        }
        let planes = if order == Order::Planar { first.channels } else { 1 };
        let joined = |of: &dyn Fn(&Self) -> &Elements, planes| {
            join(samples.iter().map(of), planes).map_err(|e| refused(&e.to_string()))
        };
        let label_planes = if let Elements::F32(_) = first.labels { planes } else { 1 };
        let height: usize = samples.iter().map(|sample| sample.shape.height()).sum();
        let height = u32::try_from(height).ok();
        let shape = height.and_then(|height| Shape::new(height, first.shape.width() as u32).ok());
        Ok(Self {
            name: "all".to_owned(),
            group: 0,
            channel: first.channel,
            shape: shape.ok_or_else(|| refused("found 2^32 pixels or more: say --reduction image"))?,
            channels: first.channels,
            scores: joined(&|sample| &sample.scores, planes)?,
            labels: joined(&|sample| &sample.labels, label_planes)?,
            weights: samples
                .iter()
                .any(|sample| sample.weights.is_some())
                .then(|| samples.iter().flat_map(Self::weights).collect()),
        })
    }

    fn weights(&self) -> Vec<f32> {
        self.weights.clone().unwrap_or_else(|| vec![1.0; self.shape.pixels()])
    }
}

/// Plane by plane, those of all below each other.
fn join<'a>(
    all: impl Iterator<Item = &'a Elements> + Clone,
    planes: usize,
) -> segmeter::files::Result<Elements> {
    let mut joined = all.clone().next().map_or(Elements::U8(Vec::new()), |first| first.part(0..0));
    for plane in 0..planes {
        for elements in all.clone() {
            let length = elements.len() / planes;
            joined.append(elements.part(plane * length..(plane + 1) * length))?;
        }
    }
    Ok(joined)
}
