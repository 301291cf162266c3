//! What scores decide: foreground or not, or the class that is highest.

use segmeter::files::{Elements, Image, Order};

use super::exact::Real;

/// Which scores are above one.
pub(super) fn above<T: Real>(scores: &[T], least: f64) -> Vec<u16> {
    scores.iter().map(|z| u16::from((*z).into() > least)).collect()
}

/// The class with the highest score at every pixel.
pub(super) fn highest(image: &Image) -> Vec<u16> {
    match &image.elements {
        Elements::F32(logits) => argmax(logits, image),
        Elements::F64(logits) => argmax(logits, image),
        Elements::I8(codes) => argmax(codes, image),
        Elements::U8(codes) => argmax(codes, image),
        Elements::U16(ids) => argmax(ids, image),
    }
}

/// The channel with the highest number at every pixel, the lowest of those that tie.
fn argmax<T: PartialOrd>(numbers: &[T], image: &Image) -> Vec<u16> {
    let pixels = image.shape.pixels();
    let number = |pixel: usize, channel: usize| match image.order {
        Order::Interleaved => &numbers[pixel * image.channels + channel],
        _ => &numbers[channel * pixels + pixel],
    };
    let better = |pixel: usize, best: usize, channel: usize| {
        if number(pixel, channel) > number(pixel, best) { channel } else { best }
    };
    // What has too many channels is refused with its number of classes.
    let class =
        |pixel: usize| (1..image.channels).fold(0, |best, channel| better(pixel, best, channel)) as u16;
    (0..pixels).map(class).collect()
}
