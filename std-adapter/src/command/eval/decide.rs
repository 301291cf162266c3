//! What scores decide: foreground or not, or the class that is highest.

use segmeter::files::{Elements, Image, Order};

use segmeter::scores::Real;

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
fn argmax<T: Copy + PartialOrd>(numbers: &[T], image: &Image) -> Vec<u16> {
    let pixels = image.shape.pixels();
    // What has too many channels is refused with its number of classes.
    if image.order == Order::Interleaved {
        let better = |best: usize, (channel, number): (usize, &T), of: &[T]| {
            if *number > of[best] { channel } else { best }
        };
        let class = |of: &[T]| of.iter().enumerate().fold(0, |best, next| better(best, next, of)) as u16;
        return numbers.chunks(image.channels).map(class).collect();
    }
    // Plane by plane, as they lie in memory.
    let (first, others) = numbers.split_at(pixels);
    let (mut best, mut classes) = (first.to_vec(), vec![0; pixels]);
    for (channel, plane) in (1_usize..).zip(others.chunks(pixels)) {
        for ((number, best), class) in plane.iter().zip(&mut best).zip(&mut classes) {
            if *number > *best {
                (*best, *class) = (*number, channel as u16);
            }
        }
    }
    classes
}
