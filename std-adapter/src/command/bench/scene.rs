//! Frames to measure on.

use segmeter::core::Result;
use segmeter::core::view::{Frame, IGNORE, Labels, Layout, Shape};

/// A road-like frame: logits rise towards a trapezoid and carry noise, some labels are ignored.
pub(super) struct Scene {
    pub(super) height: u32,
    pub(super) width: u32,
    pub(super) classes: u8,
    pub(super) logits: Vec<f32>,
    pub(super) labels: Vec<u8>,
}

/// Noise from -1/2 to 1/2, every time the same.
fn noise() -> impl FnMut() -> f32 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / 16_777_216.0 - 0.5
    }
}

impl Scene {
    pub(super) fn binary(height: u32, width: u32) -> Self {
        let (mut noise, mut logits, mut labels) = (noise(), Vec::new(), Vec::new());
        for pixel in 0..height * width {
            let inside = road(pixel, height, width, 0.0);
            logits.push((inside / 40.0).clamp(-8.0, 8.0) + 4.0 * noise());
            labels.push(if inside.abs() < 4.0 { IGNORE } else { u8::from(inside > 0.0) });
        }
        Self { height, width, classes: 2, logits, labels }
    }

    /// Areas of 4096 pixels.
    pub(super) fn multiclass(height: u32, width: u32, classes: u8) -> Self {
        let (mut noise, pixels) = (noise(), (height * width) as usize);
        let logits = (0..pixels * usize::from(classes)).map(|_| 8.0 * noise()).collect();
        let labels = (0..pixels).map(|pixel| (pixel / 4096 % usize::from(classes)) as u8).collect();
        Self { height, width, classes, logits, labels }
    }

    pub(super) fn shape(&self) -> Result<Shape> {
        Shape::new(self.height, self.width)
    }

    pub(super) fn frame(&self) -> Result<Frame<'_>> {
        Frame::new(&self.logits, Labels::new(self.shape()?, &self.labels, IGNORE)?)
    }

    pub(super) fn classes(&self) -> Result<Frame<'_, 32>> {
        let classes = usize::from(self.classes);
        Frame::multiclass(self.shape()?, classes, Layout::Planar, &self.logits, &self.labels, IGNORE)
    }
}

/// How far a pixel is inside of a road that lies a little aside.
pub(super) fn road(pixel: u32, height: u32, width: u32, aside: f32) -> f32 {
    let (y, x) = ((pixel / width) as f32, (pixel % width) as f32);
    let half = y / height as f32 * 0.4 * width as f32;
    half - (x - 0.5 * width as f32 - aside).abs()
}
