//! The network in 8 bits, as a device runs it: whole numbers, and one `f32` factor for each channel.

use crate::change::Picture;
use crate::scene::{HEIGHT, WIDTH};

/// Input channels, output channels, side, stride, dilation: as in `train.py`.
const LAYERS: [(usize, usize, usize, usize, usize); 10] = [
    (3, 16, 3, 2, 1),
    (16, 32, 3, 2, 1),
    (32, 48, 3, 1, 1),
    (48, 64, 3, 2, 1),
    (64, 64, 3, 1, 2),
    (64, 32, 1, 1, 1),
    (80, 32, 3, 1, 1),
    (32, 16, 1, 1, 1),
    (32, 12, 3, 1, 1),
    (12, 1, 1, 1, 1),
];

struct Layer {
    weights: Vec<i8>,
    biases: Vec<i32>,
    factors: Vec<f32>,
}

/// Of one state of training.
pub(crate) struct Network {
    layers: Vec<Layer>,
    /// A logit is this times a code.
    pub(crate) step: f32,
}

/// Planes of 8-bit numbers.
struct Planes {
    height: usize,
    width: usize,
    values: Vec<u8>,
}

impl Network {
    /// All that a file has: the trained one, and then worse and worse ones.
    pub(crate) fn all(mut bytes: &[u8]) -> Option<Vec<Self>> {
        let mut networks = Vec::new();
        while !bytes.is_empty() {
            networks.push(Self::read(&mut bytes)?);
        }
        (!networks.is_empty()).then_some(networks)
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let words = |count: usize, bytes: &mut &[u8]| -> Option<Vec<[u8; 4]>> {
            let (head, rest) = bytes.split_at_checked(4 * count)?;
            *bytes = rest;
            Some(head.as_chunks().0.to_vec())
        };
        let step = f32::from_le_bytes(*words(1, bytes)?.first()?);
        let mut layers = Vec::new();
        for (inputs, outputs, side, ..) in LAYERS {
            let (head, rest) = bytes.split_at_checked(inputs * outputs * side * side)?;
            *bytes = rest;
            layers.push(Layer {
                weights: head.iter().map(|byte| byte.cast_signed()).collect(),
                biases: words(outputs, bytes)?.into_iter().map(i32::from_le_bytes).collect(),
                factors: words(outputs, bytes)?.into_iter().map(f32::from_le_bytes).collect(),
            });
        }
        Some(Self { layers, step })
    }

    /// The code of every pixel: road where it is above 0.
    pub(crate) fn codes(&self, picture: &Picture) -> Vec<i8> {
        let values = (0..3).flat_map(|c| picture.iter().map(move |pixel| pixel[c])).collect();
        let image = Planes { height: HEIGHT, width: WIDTH, values };
        let one = self.layer(0, &image);
        let three = self.layer(2, &self.layer(1, &one));
        let four = self.layer(4, &self.layer(3, &three));
        let five = self.layer(6, &doubled(&self.layer(5, &four)).with(&three));
        let six = self.layer(8, &doubled(&self.layer(7, &five)).with(&one));
        let logits: Vec<i8> = self
            .sums(9, &six)
            .0
            .iter()
            .map(|sum| libm::rintf(*sum as f32 * self.layers[9].factors[0]).clamp(-128.0, 127.0) as i8)
            .collect();
        between(&logits, six.height, six.width)
    }

    fn layer(&self, number: usize, input: &Planes) -> Planes {
        let (sums, height, width) = self.sums(number, input);
        let factors = &self.layers[number].factors;
        let of = |(sums, factor): (&[i32], &f32)| -> Vec<u8> {
            sums.iter().map(|sum| libm::rintf(*sum as f32 * factor).clamp(0.0, 255.0) as u8).collect()
        };
        let values = sums.chunks(height * width).zip(factors).flat_map(of).collect();
        Planes { height, width, values }
    }

    /// What a layer adds up, channel by channel, and its height and width.
    fn sums(&self, number: usize, input: &Planes) -> (Vec<i32>, usize, usize) {
        let (inputs, _, side, stride, dilation) = LAYERS[number];
        let (height, width) = (input.height / stride, input.width / stride);
        let Layer { weights, biases, .. } = &self.layers[number];
        let mut all = Vec::with_capacity(biases.len() * height * width);
        for (of_output, bias) in weights.chunks(inputs * side * side).zip(biases) {
            let mut sums = vec![*bias; height * width];
            let planes = input.values.chunks(input.height * input.width);
            for (plane, of_input) in planes.zip(of_output.chunks(side * side)) {
                for (place, weight) in of_input.iter().enumerate().filter(|(_, weight)| **weight != 0) {
                    let shift = |at: usize| (at as isize - side as isize / 2) * dilation as isize;
                    let (down, right) = (shift(place / side), shift(place % side));
                    for row in 0..height {
                        let from = (row * stride) as isize + down;
                        if (0..input.height as isize).contains(&from) {
                            let line = &plane[from as usize * input.width..][..input.width];
                            add(&mut sums[row * width..][..width], line, (*weight).into(), stride, right);
                        }
                    }
                }
            }
            all.extend(sums);
        }
        (all, height, width)
    }
}

/// Adds a row times a weight, shifted; there is nothing beyond its ends.
fn add(sums: &mut [i32], line: &[u8], weight: i16, stride: usize, right: isize) {
    // No product of a weight and a number of 8 bits is too large.
    let product = |x: u8| i32::from(weight * i16::from(x));
    if stride == 1 {
        let (to, from) = ((-right).max(0) as usize, right.max(0) as usize);
        let sums = sums.get_mut(to..).unwrap_or_default();
        sums.iter_mut().zip(line.get(from..).unwrap_or_default()).for_each(|(sum, x)| *sum += product(*x));
        return;
    }
    for (column, sum) in sums.iter_mut().enumerate() {
        let from = (column * stride) as isize + right;
        *sum += usize::try_from(from).ok().and_then(|from| line.get(from)).map_or(0, |x| product(*x));
    }
}

impl Planes {
    fn with(mut self, other: &Self) -> Self {
        self.values.extend_from_slice(&other.values);
        self
    }
}

/// Twice as high and wide.
fn doubled(planes: &Planes) -> Planes {
    let row = |row: &[u8]| -> Vec<u8> {
        let row: Vec<u8> = row.iter().flat_map(|x| [*x, *x]).collect();
        [row.as_slice(), row.as_slice()].concat()
    };
    let values = planes.values.chunks(planes.width).flat_map(row).collect();
    Planes { height: 2 * planes.height, width: 2 * planes.width, values }
}

/// Twice as high and wide, by lines between the middles of pixels.
fn between(codes: &[i8], height: usize, width: usize) -> Vec<i8> {
    let at = |row: isize, column: isize| {
        let (row, column) = (row.clamp(0, height as isize - 1), column.clamp(0, width as isize - 1));
        i32::from(codes[row as usize * width + column as usize])
    };
    let pixel = |place: usize| {
        let (row, column) = ((place / (2 * width)) as isize, (place % (2 * width)) as isize);
        // The nearer one counts three times as much in either direction.
        let other = |at: isize| at / 2 + if at % 2 == 0 { -1 } else { 1 };
        let (near, far) = ((row / 2, column / 2), (other(row), other(column)));
        let sum = 9 * at(near.0, near.1) + 3 * (at(near.0, far.1) + at(far.0, near.1)) + at(far.0, far.1);
        ((sum + 8) >> 4) as i8
    };
    (0..4 * height * width).map(pixel).collect()
}
