//! The colours of the ground, and what stands on it.

use crate::random::{hashed, noise};
use crate::scene::{Car, HEIGHT, Scene, Traits, View, WIDTH};

/// Red, green, blue.
pub(crate) type Colour = [f32; 3];

pub(crate) fn scaled(colour: Colour, by: f32) -> Colour {
    colour.map(|c| c * by)
}

/// `share` of the other.
pub(crate) fn mix(colour: Colour, other: Colour, share: f32) -> Colour {
    core::array::from_fn(|c| colour[c] * (1.0 - share) + other[c] * share)
}

impl Traits {
    /// Texture with grains of a size in metres; it fades where they are smaller than a pixel.
    fn texture(&self, view: &View, (across, ahead): (f32, f32), seed: u64, size: f32) -> f32 {
        let fade = (14.0 * size / ahead).clamp(0.0, 1.0);
        (noise(across / size, (ahead + view.way) / size, self.seed + seed) - 0.5) * fade
    }

    pub(crate) fn road(&self, view: &View, across: f32, ahead: f32) -> Colour {
        let at = (across, ahead);
        let mut value = 1.0 + 2.5 * self.roughness * self.texture(view, at, 11, 0.25);
        value += 3.0 * self.roughness * self.texture(view, (across, ahead / 3.0), 12, 2.0);
        if noise(across / 2.2, (ahead + view.way) / 7.0, self.seed + 13) < self.patches {
            value *= 0.82;
        }
        // Tyres leave darker lanes.
        let lane = libm::cosf(across / self.half_width * 2.0 * core::f32::consts::PI);
        let mut colour = scaled(self.asphalt, value * (1.0 - 0.06 * lane * lane));
        let gravel = view.setting.gravel;
        if gravel > 0.0 {
            let stones = 0.9 * self.texture(view, at, 31, 0.5) + 0.5 * self.texture(view, at, 32, 1.6);
            colour = mix(colour, scaled([0.50, 0.42, 0.30], 1.0 + stones), gravel);
        }
        if self.lines && gravel < 0.5 {
            let wide = 0.08 + 0.002 * ahead;
            let dashed = across.abs() < wide && libm::fmodf(ahead + view.way, 9.0) < 4.0;
            let edge = self.edge_lines && (across.abs() - self.half_width + 0.3).abs() < wide;
            if dashed || edge {
                colour = mix(colour, [0.78; 3], 0.8 * (1.6 - ahead / 60.0).clamp(0.0, 1.0));
            }
        }
        // Wheels leave the road black in the snow.
        let rut = (across.abs() - 1.0) / 0.35;
        self.snowed(view, colour, at, 0.35 * libm::expf(-rut * rut))
    }

    pub(crate) fn beside(&self, view: &View, across: f32, ahead: f32) -> Colour {
        let at = (across, ahead);
        let rough = self.texture(view, at, 21, 0.7) + self.texture(view, at, 22, 3.0);
        let mut colour = scaled(self.ground, 1.0 + 0.5 * rough);
        if let Some(pavement) = self.pavement.filter(|_| across.abs() < self.half_width + 2.2) {
            let kerb = if (across.abs() - self.half_width - 0.1).abs() < 0.15 { 1.25 } else { 1.0 };
            colour = scaled(pavement, kerb * (1.0 + 0.12 * self.texture(view, at, 23, 0.6)));
        }
        self.snowed(view, colour, at, 0.0)
    }

    fn snowed(&self, view: &View, colour: Colour, (across, ahead): (f32, f32), cleared: f32) -> Colour {
        let snow = view.setting.snow;
        if snow <= 0.0 {
            return colour;
        }
        let field = noise(across / 1.7, (ahead + view.way) / 4.0, self.seed + 41);
        let lies = ((2.2 * snow - field).clamp(0.0, 1.0) - cleared).clamp(0.0, 1.0);
        let light = 1.0 + 0.12 * self.texture(view, (across, ahead), 42, 0.8);
        mix(colour, scaled([0.86, 0.88, 0.92], light), lies)
    }
}

/// Paints what lies in a box of rows and columns: `of` says the colour at a pixel, and whether it hides the road.
fn boxed(
    scene: &mut Scene,
    (top, bottom): (f32, f32),
    (left, right): (f32, f32),
    of: impl Fn(f32, f32, Colour, bool) -> Option<(Colour, bool)>,
) {
    let rows = libm::floorf(top).max(0.0) as usize..(libm::ceilf(bottom).clamp(0.0, HEIGHT as f32)) as usize;
    for row in rows {
        for column in
            libm::floorf(left).max(0.0) as usize..(libm::ceilf(right).clamp(0.0, WIDTH as f32)) as usize
        {
            let place = row * WIDTH + column;
            let (y, x) = (row as f32 + 0.5, column as f32 + 0.5);
            if let Some((colour, hides)) = of(y, x, scene.image[place], scene.road[place]) {
                scene.image[place] = colour;
                scene.road[place] &= !hides;
            }
        }
    }
}

/// Trees beside the road, one each twelve metres at most, from the furthest on.
pub(crate) fn poles(traits: &Traits, view: &View, scene: &mut Scene) {
    let first = libm::floorf(view.way / 12.0) as i64;
    for number in (first + 1..=first + 12).rev() {
        let ahead = number as f32 * 12.0 - view.way;
        if ahead < 4.0 || hashed(number, 5, traits.seed) > traits.trees {
            continue;
        }
        let side = if number % 2 == 0 { -1.0 } else { 1.0 };
        let scale = traits.focal / ahead;
        let x = side * (traits.half_width + 1.2 + 3.0 * hashed(number, 6, traits.seed)) + view.centre(ahead);
        let (u, v) =
            (WIDTH as f32 / 2.0 + view.turn + x * scale, view.horizon + traits.camera_height * scale);
        let wide = (0.175 * scale).max(0.4);
        boxed(scene, (v - 5.0 * scale, v), (u - wide, u + wide), |y, x, _, _| {
            ((x - u).abs() < wide && y < v).then_some(([0.2, 0.16, 0.12], true))
        });
        let (size, middle) = (1.8 * scale, v - 5.5 * scale);
        boxed(scene, (middle - size, middle + size), (u - size, u + size), |y, x, _, _| {
            let is_leaf = (x - u) * (x - u) + (y - middle) * (y - middle) < size * size;
            is_leaf.then(|| (scaled(traits.leaves(view, x, y), 0.9), true))
        });
    }
}

/// A vehicle from behind or in front, and its shadow on the road.
pub(crate) fn car(traits: &Traits, view: &View, car: &Car, scene: &mut Scene) {
    let scale = traits.focal / car.ahead;
    let x = car.lane + view.centre(car.ahead);
    let (u, v) = (WIDTH as f32 / 2.0 + view.turn + x * scale, view.horizon + traits.camera_height * scale);
    boxed(scene, (v, v + 0.25 * scale), (u - scale, u + scale), |_, _, colour, road| {
        road.then(|| (scaled(colour, 0.45), false))
    });
    let tall = car.tall * scale;
    boxed(scene, (v - tall, v), (u - 0.9 * scale, u + 0.9 * scale), |y, x, _, _| {
        let height = (v - y) / tall;
        let colour = if y > v - 0.25 * scale {
            [0.07; 3]
        } else if height > 0.55 && height < 0.9 && (x - u).abs() < 0.75 * scale {
            [0.15; 3]
        } else {
            scaled(car.colour, if height > 0.5 { 1.0 } else { 0.8 })
        };
        (y < v).then_some((colour, true))
    });
}
