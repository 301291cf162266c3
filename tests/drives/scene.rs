//! Roads as a camera behind the windscreen sees them, with the exact mask of the road. Not pretty, but varied.

use crate::paint::{self, Colour, mix, scaled};
use crate::random::{Random, STEP, Walk, hashed, noise};

pub(crate) const HEIGHT: usize = 120;
pub(crate) const WIDTH: usize = 160;

/// Dry roads in the sun, and what lies beside them.
const ASPHALTS: [Colour; 5] =
    [[0.36, 0.36, 0.38], [0.30, 0.30, 0.31], [0.45, 0.44, 0.42], [0.40, 0.38, 0.36], [0.27, 0.28, 0.31]];
const GROUNDS: [Colour; 5] =
    [[0.28, 0.40, 0.18], [0.42, 0.44, 0.24], [0.46, 0.38, 0.28], [0.50, 0.48, 0.45], [0.22, 0.34, 0.16]];

/// What a drive is like, drawn once.
pub(crate) struct Traits {
    pub(crate) seed: u64,
    pub(crate) camera_height: f32,
    pub(crate) focal: f32,
    pub(crate) horizon: f32,
    pub(crate) half_width: f32,
    pub(crate) speed: f32,
    pub(crate) asphalt: Colour,
    pub(crate) ground: Colour,
    /// The colour of a pavement, if there is one.
    pub(crate) pavement: Option<Colour>,
    pub(crate) lines: bool,
    pub(crate) edge_lines: bool,
    pub(crate) patches: f32,
    pub(crate) roughness: f32,
    pub(crate) trees: f32,
    pub(crate) houses: f32,
    pub(crate) shade: f32,
    pub(crate) light: f32,
    pub(crate) warmth: f32,
    pub(crate) haze: f32,
    pub(crate) grain: f32,
    pub(crate) traffic: f32,
}

/// What a change does to a scene.
#[derive(Clone, Copy, Default)]
pub(crate) struct Setting {
    /// The camera looks this many pixels further up, and to the side.
    pub(crate) tilt: f32,
    pub(crate) turn: f32,
    /// How much of the ground is under snow, and of the road unpaved.
    pub(crate) snow: f32,
    pub(crate) gravel: f32,
}

/// A vehicle: metres ahead, its lane, how fast it comes nearer, colour, height.
#[derive(Clone, Copy)]
pub(crate) struct Car {
    pub(crate) ahead: f32,
    pub(crate) lane: f32,
    pub(crate) speed: f32,
    pub(crate) colour: Colour,
    pub(crate) tall: f32,
}

/// One drive, frame after frame.
pub(crate) struct Drive {
    pub(crate) traits: Traits,
    random: Random,
    curvature: Walk,
    offset: Walk,
    heading: Walk,
    pitch: Walk,
    exposure: Walk,
    /// Metres driven.
    way: f32,
    cars: Vec<Car>,
}

/// Where the camera and the road are in a frame.
#[derive(Clone, Copy)]
pub(crate) struct View {
    pub(crate) horizon: f32,
    pub(crate) turn: f32,
    pub(crate) curvature: f32,
    pub(crate) offset: f32,
    pub(crate) heading: f32,
    pub(crate) way: f32,
    pub(crate) setting: Setting,
}

/// Light by pixel before the camera's own faults, about 1 at most, and the mask of the road.
pub(crate) struct Scene {
    pub(crate) image: Vec<Colour>,
    pub(crate) road: Vec<bool>,
    pub(crate) horizon: f32,
    pub(crate) way: f32,
}

impl View {
    /// Where the middle of the road is, so far ahead.
    pub(crate) fn centre(&self, ahead: f32) -> f32 {
        let near = ahead.min(90.0);
        self.heading * ahead - self.offset + 0.5 * self.curvature * near * near
    }
}

impl Traits {
    fn new(seed: u64, r: &mut Random) -> Self {
        let tint = |colour: Colour, r: &mut Random| colour.map(|c| c * r.uniform(0.88, 1.12));
        let asphalt = scaled(ASPHALTS[r.below(ASPHALTS.len())], r.uniform(0.85, 1.15));
        let ground = GROUNDS[r.below(GROUNDS.len())];
        let pavement = scaled(asphalt, r.uniform(0.95, 1.35));
        Self {
            seed: seed.wrapping_mul(1000),
            camera_height: r.uniform(1.1, 1.9),
            focal: r.uniform(120.0, 150.0),
            horizon: r.uniform(0.36, 0.48) * HEIGHT as f32,
            half_width: r.uniform(2.8, 5.5),
            speed: r.uniform(6.0, 16.0),
            asphalt,
            ground: tint(ground, r),
            pavement: r.chance(0.4).then(|| tint(pavement, r)),
            lines: r.chance(0.75),
            edge_lines: r.chance(0.5),
            patches: r.uniform(0.0, 0.32),
            roughness: r.uniform(0.02, 0.07),
            trees: r.uniform(0.1, 1.0),
            houses: r.uniform(0.0, 0.8),
            shade: if r.chance(0.7) { r.unit() } else { 0.0 },
            light: r.uniform(0.75, 1.15),
            warmth: r.uniform(-0.08, 0.08),
            haze: r.uniform(0.0, 0.35),
            grain: r.uniform(0.008, 0.025),
            traffic: r.unit(),
        }
    }
}

impl Drive {
    /// Everything is drawn from the seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut r = Random::new(seed, 1);
        let traits = Traits::new(seed, &mut r);
        let (bends, nods, aside) = (r.uniform(0.001, 0.008), r.uniform(0.3, 1.2), r.uniform(-1.2, 1.2));
        Self {
            curvature: Walk::new(&mut r, 0.0, bends, 6.0),
            offset: Walk::new(&mut r, aside, 0.25, 4.0),
            heading: Walk::new(&mut r, 0.0, 0.015, 3.0),
            pitch: Walk::new(&mut r, 0.0, nods, 0.5),
            exposure: Walk::new(&mut r, 0.0, 0.05, 5.0),
            way: r.uniform(0.0, 1000.0),
            cars: Vec::new(),
            traits,
            random: r,
        }
    }

    /// The next frame.
    pub(crate) fn frame(&mut self, setting: Setting) -> Scene {
        let r = &mut self.random;
        self.way += self.traits.speed * STEP;
        let view = View {
            horizon: self.traits.horizon + self.pitch.next(r) + setting.tilt,
            turn: setting.turn,
            curvature: self.curvature.next(r),
            offset: self.offset.next(r),
            heading: self.heading.next(r),
            way: self.way,
            setting,
        };
        let exposure = self.traits.light * (1.0 + self.exposure.next(r));
        self.drive_cars();
        let mut scene = Scene {
            image: vec![[0.0; 3]; HEIGHT * WIDTH],
            road: vec![false; HEIGHT * WIDTH],
            horizon: view.horizon,
            way: view.way,
        };
        let traits = &self.traits;
        for (place, (colour, road)) in scene.image.iter_mut().zip(&mut scene.road).enumerate() {
            let (row, column) = ((place / WIDTH) as f32 + 0.5, (place % WIDTH) as f32 + 0.5);
            (*colour, *road) = traits.pixel(&view, row, column);
        }
        paint::poles(traits, &view, &mut scene);
        self.cars.iter().for_each(|car| paint::car(traits, &view, car, &mut scene));
        for (place, colour) in scene.image.iter_mut().enumerate() {
            let drop = (place / WIDTH) as f32 + 0.5 - view.horizon;
            if drop > 0.3 {
                let ahead = traits.ahead(drop).min(150.0);
                *colour = mix(*colour, [0.75, 0.78, 0.82], 1.0 - libm::expf(-ahead * traits.haze / 60.0));
            }
            let warmth = [traits.warmth, 0.0, -traits.warmth];
            *colour = core::array::from_fn(|c| (colour[c] * exposure * (1.0 + warmth[c])).clamp(0.0, 1.5));
        }
        scene
    }

    fn drive_cars(&mut self) {
        let r = &mut self.random;
        if self.cars.len() < 4 && r.chance(0.05 * self.traits.traffic) {
            let side = if r.chance(0.5) { -1.0 } else { 1.0 };
            let parked = r.chance(0.3);
            let own =
                if side < 0.0 { -r.uniform(8.0, 14.0) - self.traits.speed } else { r.uniform(-4.0, 4.0) };
            let speed = if parked { -self.traits.speed } else { own };
            let lane =
                side * if parked { self.traits.half_width - 0.7 } else { 0.5 * self.traits.half_width };
            let colour = [r.uniform(0.1, 0.8), r.uniform(0.1, 0.8), r.uniform(0.1, 0.8)];
            let ahead = if speed < 0.0 { 70.0 } else { 6.0 };
            self.cars.push(Car { ahead, lane, speed, colour, tall: r.uniform(1.4, 2.6) });
        }
        self.cars.iter_mut().for_each(|car| car.ahead += car.speed * STEP);
        self.cars.retain(|car| car.ahead > 3.5 && car.ahead < 90.0);
        self.cars.sort_by(|a, b| b.ahead.total_cmp(&a.ahead));
    }
}

impl Traits {
    /// Metres ahead of what is so many pixels below the horizon.
    pub(crate) fn ahead(&self, drop: f32) -> f32 {
        self.camera_height * self.focal / drop
    }

    /// Sky, trees and houses behind the ground, or the ground.
    fn pixel(&self, view: &View, row: f32, column: f32) -> (Colour, bool) {
        let aside = column - WIDTH as f32 / 2.0 - view.turn;
        let drop = row - view.horizon;
        if drop < 1.0
            && let Some(colour) = self.skyline(view, row, column, aside)
        {
            return (colour, false);
        }
        if drop <= 0.3 {
            return (self.sky(view, row, aside), false);
        }
        let ahead = self.ahead(drop);
        let aside = aside * ahead / self.focal;
        let across = aside - view.centre(ahead);
        let road = across.abs() < self.half_width && ahead < 110.0;
        let colour = if road { self.road(view, across, ahead) } else { self.beside(view, across, ahead) };
        (scaled(colour, 1.0 - self.shadow(view, aside, ahead)), road)
    }

    fn sky(&self, view: &View, row: f32, aside: f32) -> Colour {
        let height = ((view.horizon - row) / view.horizon.max(1.0)).clamp(0.0, 1.0);
        let clouds = noise(aside / 40.0 + view.way / 300.0, row / 14.0, self.seed);
        [0.45, 0.60, 0.85].map(|c| {
            (c * (0.6 + 0.4 * height) + 0.3 * (1.0 - height)) * (0.85 + 0.1 * clouds)
                + 0.25 * (clouds - 0.45).max(0.0)
        })
    }

    fn skyline(&self, view: &View, row: f32, column: f32, aside: f32) -> Option<Colour> {
        let shift = view.curvature * 4000.0;
        let place = (aside + shift) / 9.0 + view.way / 120.0;
        let block = libm::floorf(place / 2.0) as i64;
        let is_wall = self.houses > 0.2 && hashed(block, 0, self.seed + 64) < self.houses;
        if is_wall && row > view.horizon - 26.0 * self.houses * hashed(block, 0, self.seed + 63) {
            let light = 0.35 + 0.4 * hashed(block, 0, self.seed + 65);
            return Some(scaled([1.0, 0.95, 0.88], light));
        }
        let top = view.horizon - (4.0 + 16.0 * self.trees * noise(place, 0.0, self.seed + 61));
        (row > top).then(|| self.leaves(view, column + shift, row))
    }

    pub(crate) fn leaves(&self, view: &View, column: f32, row: f32) -> Colour {
        let light = 0.7 + 0.6 * noise(column / 3.0, row / 3.0, self.seed + 62);
        mix(scaled([0.16, 0.26, 0.13], light), [0.8; 3], 0.5 * view.setting.snow)
    }

    /// How much darker the ground is for trees and houses.
    fn shadow(&self, view: &View, aside: f32, ahead: f32) -> f32 {
        let field = noise(aside / 4.0 + 100.0, (ahead + view.way) / 6.0, self.seed + 51);
        ((field - 0.62 + 0.25 * self.shade * self.trees) * 6.0).clamp(0.0, 1.0) * 0.5 * self.shade
    }
}
