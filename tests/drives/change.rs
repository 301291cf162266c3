//! What a camera makes of a scene, and what can go wrong with it, at a strength from 0, where nothing is, to 1.

use segmeter_tests::drives::CHANGES;

use crate::paint::{Colour, mix, scaled};
use crate::random::{Random, noise};
use crate::scene::{HEIGHT, Scene, Setting, Traits, WIDTH};

/// What happens to a drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Dusk,
    Night,
    Fog,
    Rain,
    Dirt,
    Defocus,
    Over,
    Under,
    Noise,
    Knocked,
    Snow,
    Gravel,
    WrongNetwork,
    WrongQuantisation,
}

impl Kind {
    pub(crate) const ALL: [Self; 14] = [
        Self::Dusk,
        Self::Night,
        Self::Fog,
        Self::Rain,
        Self::Dirt,
        Self::Defocus,
        Self::Over,
        Self::Under,
        Self::Noise,
        Self::Knocked,
        Self::Snow,
        Self::Gravel,
        Self::WrongNetwork,
        Self::WrongQuantisation,
    ];

    pub(crate) const fn name(self) -> &'static str {
        CHANGES[self as usize]
    }

    /// What it does to the scene.
    pub(crate) fn setting(self, strength: f32) -> Setting {
        match self {
            Self::Knocked => Setting { tilt: -26.0 * strength, turn: 30.0 * strength, ..Setting::default() },
            Self::Snow => Setting { snow: strength, ..Setting::default() },
            Self::Gravel => Setting { gravel: strength, ..Setting::default() },
            _ => Setting::default(),
        }
    }
}

/// Develops the frames of one drive.
pub(crate) struct Camera {
    random: Random,
    /// Drops on the windscreen: column, row, size.
    drops: Vec<[f32; 3]>,
    dirt: u64,
}

/// The red, green and blue of a frame, pixel by pixel.
pub(crate) type Picture = Vec<[u8; 3]>;

impl Camera {
    pub(crate) fn new(seed: u64) -> Self {
        // What a change puts somewhere is there at every strength.
        let mut of_change = Random::new(seed, 2);
        let mut drop = || {
            [
                of_change.uniform(0.0, WIDTH as f32),
                of_change.uniform(0.0, HEIGHT as f32),
                of_change.uniform(2.0, 9.0),
            ]
        };
        let drops = (0..60).map(|_| drop()).collect();
        Self { random: Random::new(seed, 3), drops, dirt: Random::new(seed, 4).next() }
    }

    /// The picture of a scene, under a change of this strength.
    pub(crate) fn develop(&mut self, traits: &Traits, scene: &Scene, change: Option<(Kind, f32)>) -> Picture {
        let mut image = scene.image.clone();
        let mut grain = traits.grain;
        if let Some(change) = change.filter(|(_, strength)| *strength > 0.0) {
            grain = self.spoil(&mut image, grain, scene, change);
        }
        image.iter_mut().for_each(|colour| *colour = colour.map(|c| c.clamp(0.0, 1.0)));
        let mut picture = Picture::with_capacity(image.len());
        for colour in blurred(&image, 0.45) {
            picture.push(colour.map(|c| {
                let light = c + self.random.normal() * grain * (0.5 + libm::sqrtf(c.max(0.0)));
                // As cameras store light.
                (libm::powf(light.clamp(0.0, 1.0), 1.0 / 1.8) * 255.0 + 0.5) as u8
            }));
        }
        picture
    }

    /// Returns the grain that is left.
    fn spoil(&self, image: &mut Vec<Colour>, grain: f32, scene: &Scene, (kind, s): (Kind, f32)) -> f32 {
        let mut each = |of: &dyn Fn(f32, f32, Colour) -> Colour| {
            for (place, colour) in image.iter_mut().enumerate() {
                *colour = of((place / WIDTH) as f32 + 0.5, (place % WIDTH) as f32 + 0.5, *colour);
            }
        };
        match kind {
            Kind::Dusk => {
                // The gain follows the light, and with it the grain.
                let tint = [1.0 + 0.10 * s, 1.0 - 0.02 * s, 1.0 + 0.06 * s];
                let light = (1.0 - 0.82 * s) * (1.0 + 1.6 * s);
                each(&|_, _, colour| core::array::from_fn(|c| colour[c] * light * tint[c]));
                return grain * (1.0 + 3.0 * s);
            }
            Kind::Night => {
                let (wide, high) = (70.0 - 25.0 * s, 60.0 - 25.0 * s);
                each(&|row, column, colour| {
                    let (x, y) = ((column - WIDTH as f32 / 2.0) / wide, (row - HEIGHT as f32 * 0.85) / high);
                    scaled(colour, 1.0 - s + s * (0.03 + 0.75 * libm::expf(-x * x - y * y)))
                });
                return grain * (1.0 + 4.0 * s);
            }
            Kind::Fog => each(&|row, _, colour| {
                let far = (1.0 - (row - scene.horizon) / (HEIGHT as f32 - scene.horizon)).clamp(0.0, 1.0);
                mix(colour, [0.72; 3], 1.0 - libm::expf(-4.0 * s * s * (0.25 + far * far)))
            }),
            Kind::Rain => self.rain(image, scene.way, s),
            Kind::Dirt => each(&|row, column, colour| {
                let field = 0.7 * noise(column / 22.0, row / 22.0, self.dirt)
                    + 0.3 * noise(column / 7.0, row / 7.0, self.dirt ^ 1);
                mix(colour, [0.22, 0.19, 0.15], 0.9 * ((field - 1.0 + 0.75 * s) * 5.0).clamp(0.0, 1.0))
            }),
            Kind::Defocus => *image = blurred(image, 4.5 * s),
            Kind::Over => each(&|_, _, colour| scaled(colour, 1.0 + 3.5 * s)),
            Kind::Under => each(&|_, _, colour| scaled(colour, 1.0 - 0.93 * s)),
            Kind::Noise => return grain + 0.3 * s * s,
            // Of the scene, or of the network.
            Kind::Knocked | Kind::Snow | Kind::Gravel | Kind::WrongNetwork | Kind::WrongQuantisation => {}
        }
        grain
    }

    /// Drops that creep down show what is above them, upside down.
    fn rain(&self, image: &mut [Colour], way: f32, s: f32) {
        let soft = blurred(image, 3.0);
        let drops = &self.drops[..(60.0 * s) as usize];
        for (place, colour) in image.iter_mut().enumerate() {
            let (row, column) = (place / WIDTH, place % WIDTH);
            let cover = drops.iter().map(|[x, y, size]| {
                let y = libm::fmodf(y + way * 0.03 * size, HEIGHT as f32);
                let (dx, dy) = (column as f32 - x, (row as f32 - y) / 1.3);
                (1.6 - (dx * dx + dy * dy) / (size * size)).clamp(0.0, 1.0)
            });
            let cover = cover.fold(0.0, f32::max);
            let above = soft[(HEIGHT - 1 - row) * WIDTH + column];
            let seen = core::array::from_fn(|c| 0.5 * above[c] + 0.4 * soft[place][c] + 0.08);
            *colour = mix(scaled(*colour, 1.0 - 0.25 * s), seen, cover);
        }
    }
}

/// Convolved with a bell of this deviation in pixels; the frame's edge goes on beyond it.
fn blurred(image: &[Colour], sigma: f32) -> Vec<Colour> {
    if sigma < 0.05 {
        return image.to_vec();
    }
    let reach = libm::ceilf(3.0 * sigma) as i64;
    let weight = |at: i64| libm::expf(-0.5 * (at as f32 / sigma) * (at as f32 / sigma));
    let total: f32 = (-reach..=reach).map(weight).sum();
    let kernel: Vec<(i64, f32)> = (-reach..=reach).map(|at| (at, weight(at) / total)).collect();
    let along = |image: &[Colour], rows: i64, columns: i64| -> Vec<Colour> {
        let at = |row: i64, column: i64| {
            let (row, column) = (row.clamp(0, HEIGHT as i64 - 1), column.clamp(0, WIDTH as i64 - 1));
            image[row as usize * WIDTH + column as usize]
        };
        let pixel = |place: usize| {
            let (row, column) = ((place / WIDTH) as i64, (place % WIDTH) as i64);
            kernel.iter().fold([0.0; 3], |sum, (step, weight)| {
                let colour = at(row + rows * step, column + columns * step);
                core::array::from_fn(|c| sum[c] + weight * colour[c])
            })
        };
        (0..image.len()).map(pixel).collect()
    };
    along(&along(image, 0, 1), 1, 0)
}
