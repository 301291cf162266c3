//! The demo's frames, small images of several classes, and what tests ask of numbers.

use segmeter::core::metric::{Mean, Score};
use segmeter::core::sketch::Sketch;
use segmeter::core::view::{Encoding, IGNORE, Labels, Quantised, Quantiser, Shape};
use serde_json::Value;

use super::support::{Bench, DEMO, LABELLED, SCALE, ZERO_POINT, demo, png_grey};

pub(super) const HEIGHT: usize = 120;
pub(super) const WIDTH: usize = 160;
pub(super) const PIXELS: usize = HEIGHT * WIDTH;

/// The demo's labelled frames.
pub(super) struct Frames {
    pub(super) codes: Vec<Vec<i8>>,
    /// 255 where nothing is scored.
    pub(super) labels: Vec<Vec<u8>>,
}

impl Frames {
    pub(super) fn load() -> Self {
        let bytes = |name: &str| std::fs::read(demo(name)).unwrap();
        let (codes, labels, valid) = (bytes("road_i8.bin"), bytes("label_bits.bin"), bytes("valid_bits.bin"));
        let frames = LABELLED.split(',').map(|frame| frame.parse::<usize>().unwrap());
        let codes = frames.map(|frame| {
            let codes = &codes[frame * PIXELS..(frame + 1) * PIXELS];
            codes.iter().map(|code| code.cast_signed()).collect()
        });
        let bit = |bits: &[u8], pixel: usize| bits[pixel / 8] >> (pixel % 8) & 1;
        let of = |frame: usize| {
            let pixels = frame * PIXELS..(frame + 1) * PIXELS;
            pixels.map(|pixel| if bit(&valid, pixel) == 1 { bit(&labels, pixel) } else { IGNORE }).collect()
        };
        Self { codes: codes.collect(), labels: (0..18).map(of).collect() }
    }

    pub(super) fn shape() -> Shape {
        Shape::new(HEIGHT as u32, WIDTH as u32).unwrap()
    }

    pub(super) fn quantiser() -> Quantiser {
        Quantiser::logits(Encoding::Signed, SCALE, ZERO_POINT).unwrap()
    }

    /// Labels and predicted ids of every frame.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (Vec<u8>, &Vec<u8>)> {
        self.codes.iter().zip(&self.labels).map(|(codes, labels)| (ids(codes), labels))
    }

    pub(super) fn sketch(&self) -> Sketch<u64> {
        let mut all = Sketch::new(&Self::quantiser());
        for (codes, labels) in self.codes.iter().zip(&self.labels) {
            let labels = Labels::new(Self::shape(), labels, IGNORE).unwrap();
            let frame = Quantised::new(Self::shape(), codes, Self::quantiser()).unwrap();
            all.merge(&Sketch::of(&frame, Some(&labels)).unwrap()).unwrap();
        }
        all
    }
}

pub(super) fn ids(codes: &[i8]) -> Vec<u8> {
    codes.iter().map(|code| u8::from(i32::from(*code) > ZERO_POINT)).collect()
}

/// The mean over the images.
pub(super) fn mean(scores: impl Iterator<Item = Score>) -> Option<f64> {
    let mut mean = Mean::default();
    scores.for_each(|score| mean.push(score));
    mean.value()
}

pub(super) fn demo_line() -> String {
    format!("eval @road_i8.bin @label_bits.bin {DEMO} --frames {LABELLED} --valid @valid_bits.bin")
}

/// The numbers of an object are these, to the last bit.
pub(super) fn assert_numbers(object: &Value, expected: &[(&str, Option<f64>)]) {
    for (name, value) in expected {
        assert_eq!(object[name], value.map_or(Value::Null, Value::from), "{name}");
    }
}

/// Three classes in images of two sizes, one of them absent, with names, another ignore id, and a stray prediction.
pub(super) fn several(bench: &Bench) -> Vec<(Shape, Vec<u8>, Vec<u8>)> {
    let sizes = [(9, 14), (12, 7), (9, 14)];
    let images = sizes.into_iter().zip(0_usize..).map(|((height, width), image)| {
        let pixels = height * width;
        let label =
            |pixel: usize| if pixel % 11 == 3 { 7 } else { (pixel % width / 3 % (3 - image / 2)) as u8 };
        let labels: Vec<u8> = (0..pixels).map(label).collect();
        let prediction = |pixel: usize| {
            if pixel % 5 == image { (pixel % (3 - image / 2)) as u8 } else { labels[pixel] % 3 }
        };
        let mut prediction: Vec<u8> = (0..pixels).map(prediction).collect();
        prediction[2] = 9;
        (Shape::new(height as u32, width as u32).unwrap(), prediction, labels)
    });
    let images: Vec<_> = images.collect();
    for ((shape, prediction, labels), name) in images.iter().zip(["a", "b", "c"]) {
        let png = |ids: &[u8]| png_grey(shape.width() as u32, shape.height() as u32, ids);
        bench.file(&format!("p/{name}.png"), &png(prediction));
        bench.file(&format!("g/{name}.png"), &png(labels));
    }
    images
}
