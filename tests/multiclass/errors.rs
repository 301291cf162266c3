//! Losses of the errors of each class, of hard labels, by their definitions.

use crate::oracle::{Answer, Pixels, classes, mass, planes, weight};

pub(crate) fn noise_robust_dice(pixels: &Pixels, exponent: f64, smooth: f64) -> Answer {
    let count = classes(pixels) as f64;
    // `|p - g|` without its cancellation, and the sign of `p - g`.
    let error = |on: bool, p: f64, q: f64| if on { (q, -1.0) } else { (p, 1.0) };
    let of = |class: usize| {
        let (mut errors, mut squares) = (0.0, smooth);
        for pixel in pixels.iter().flatten() {
            let on = pixel.label == class;
            errors += pixel.weight * error(on, pixel.p[class], pixel.q[class]).0.powf(exponent);
            squares += pixel.weight * (pixel.p[class].powi(2) + f64::from(u8::from(on)));
        }
        (errors / squares, squares)
    };
    let all: Vec<(f64, f64)> = (0..classes(pixels)).map(of).collect();
    planes(pixels, all.iter().map(|(loss, _)| loss / count).sum(), |place, class| {
        let pixel = pixels[place].as_ref().unwrap();
        let (loss, squares) = all[class];
        let (size, sign) = error(pixel.label == class, pixel.p[class], pixel.q[class]);
        let steep = if size > 0.0 { exponent * size.powf(exponent - 1.0) * sign } else { 0.0 };
        pixel.weight * (steep - loss * 2.0 * pixel.p[class]) / squares / count
    })
}

pub(crate) fn sensitivity_specificity(pixels: &Pixels) -> Answer {
    let total = weight(pixels);
    let mut value = 0.0;
    let count = classes(pixels) as f64;
    let factor = |class: usize, on: bool| {
        let own = mass(pixels, class);
        if on { 0.1 / (own + 1e-5) } else { 0.9 / (total - own + 1e-5) }
    };
    for pixel in pixels.iter().flatten() {
        for class in 0..pixel.p.len() {
            let on = pixel.label == class;
            let error = if on { pixel.q[class] } else { pixel.p[class] };
            value += pixel.weight * factor(class, on) * error * error / count;
        }
    }
    planes(pixels, value, |place, class| {
        let pixel = pixels[place].as_ref().unwrap();
        let on = pixel.label == class;
        let error = if on { -pixel.q[class] } else { pixel.p[class] };
        2.0 * pixel.weight * factor(class, on) * error / count
    })
}
