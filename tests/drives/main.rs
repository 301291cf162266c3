//! Drives that are made: road scenes with exact masks, and what can happen to them.
//!
//! `cargo run --release -p segmeter-tests --no-default-features --example drives -- montage OUT.png` shows some of them;
//! `... frames OUT.bin FIRST COUNT EVERY` writes pictures and masks for `train.py`;
//! `... survey tests/drives/networks.bin 2000 6` prints the IoU of six drives under every change;
//! `... pack tests/drives/networks.bin tests/data/drives.bin 3000 60` makes the pack that is read by
//! `tests/support/drives.rs`: 60 drives of 200 frames as they are, and four changes of each from frame 100 on. Other seeds
//! make other packs; a quarter of an hour on two cores.

mod change;
mod network;
mod pack;
mod paint;
mod random;
mod scene;

use std::fs::File;
use std::io::{BufWriter, Write};

use change::{Camera, Kind, Picture};
use network::Network;
use scene::{Drive, HEIGHT, Scene, WIDTH};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["montage", path] => montage(path),
        ["frames", path, first, count, every] => frames(path, first.parse()?, count.parse()?, every.parse()?),
        ["pack", networks, path, first, drives] => {
            let networks = Network::all(&std::fs::read(networks)?).ok_or("found no networks")?;
            let plans = pack::Plan::all(first.parse()?, drives.parse()?);
            Ok(pack::write(BufWriter::new(File::create(path)?), &networks, &plans)?)
        }
        ["survey", path, first, count] => survey(path, first.parse()?, count.parse()?),
        _ => Err(
            "expected montage OUT.png, frames OUT.bin FIRST COUNT EVERY, survey NETWORKS.bin FIRST COUNT, or pack NETWORKS.bin OUT.bin FIRST DRIVES"
                .into(),
        ),
    }
}

/// Pictures and masks of drives, one of `every` frames: 3 bytes and one byte for each pixel.
fn frames(path: &str, first: u64, count: u64, every: usize) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(File::create(path)?);
    for seed in first..first + count {
        let (mut drive, mut camera) = (Drive::new(seed), Camera::new(seed));
        for number in 0..200 {
            let scene = drive.frame(scene::Setting::default());
            let picture = camera.develop(&drive.traits, &scene, None);
            if number % every == 0 {
                out.write_all(picture.as_flattened())?;
                out.write_all(&scene.road.iter().map(|road| u8::from(*road)).collect::<Vec<u8>>())?;
            }
        }
        eprintln!("drive {seed}");
    }
    Ok(out.flush()?)
}

/// What a network gives for a frame under a change.
fn codes(networks: &[Network], picture: &Picture, change: Option<(Kind, f32)>) -> Vec<i8> {
    let network = match change {
        Some((Kind::WrongNetwork, strength)) => (strength * (networks.len() - 1) as f32 + 0.5) as usize,
        _ => 0,
    };
    let codes = networks[network.min(networks.len() - 1)].codes(picture);
    match change {
        Some((Kind::WrongQuantisation, strength)) => {
            let wrong = |code: &i8| f32::from(*code) * (1.0 - 0.5 * strength) - 40.0 * strength;
            codes.iter().map(|code| libm::rintf(wrong(code)).clamp(-128.0, 127.0) as i8).collect()
        }
        _ => codes,
    }
}

/// Intersection over union of what is above 0 and the road.
fn iou(codes: &[i8], scene: &Scene) -> f32 {
    let (mut both, mut either) = (0_u32, 0_u32);
    for (code, road) in codes.iter().zip(&scene.road) {
        both += u32::from(*code > 0 && *road);
        either += u32::from(*code > 0 || *road);
    }
    both as f32 / either.max(1) as f32
}

/// The IoU of drives as they are, and under every change.
fn survey(path: &str, first: u64, count: u64) -> Result<(), Box<dyn std::error::Error>> {
    const STRENGTHS: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
    let networks = Network::all(&std::fs::read(path)?).ok_or("found no networks")?;
    println!("{:20} {}", "strength", STRENGTHS.map(|s| format!("{s:7.2}")).concat());
    for kind in Kind::ALL {
        let mean = |strength: f32| {
            let of_drive = |seed: u64| {
                let (mut drive, mut camera) = (Drive::new(seed), Camera::new(seed));
                let frames = (0..40).map(|number| {
                    let scene = drive.frame(kind.setting(strength));
                    let picture = camera.develop(&drive.traits, &scene, Some((kind, strength)));
                    let is_looked_at = number % 13 == 12;
                    is_looked_at.then(|| iou(&codes(&networks, &picture, Some((kind, strength))), &scene))
                });
                let found: Vec<f32> = frames.flatten().collect();
                found.iter().sum::<f32>() / found.len() as f32
            };
            (first..first + count).map(of_drive).sum::<f32>() / count as f32
        };
        println!("{:20} {}", kind.name(), STRENGTHS.map(|s| format!("{:7.3}", mean(s))).concat());
    }
    Ok(())
}

/// Eight drives as they are, and one with every change at a quarter, a half and in full.
fn montage(path: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut rows: Vec<Vec<Picture>> = Vec::new();
    for seed in 0..8 {
        let (mut drive, mut camera) = (Drive::new(seed), Camera::new(seed));
        let mut row = Vec::new();
        for number in 0..61 {
            let scene = drive.frame(scene::Setting::default());
            let picture = camera.develop(&drive.traits, &scene, None);
            if number % 20 == 0 {
                row.extend([picture.clone(), marked(picture, &scene)]);
            }
        }
        rows.push(row);
    }
    for kinds in Kind::ALL[..12].chunks(2) {
        let mut row = Vec::new();
        for kind in kinds {
            eprintln!("{}: none, a quarter, a half, in full", kind.name());
            for strength in [0.0, 0.25, 0.5, 1.0] {
                let (mut drive, mut camera) = (Drive::new(3), Camera::new(3));
                let scene = (0..20).map(|_| drive.frame(kind.setting(strength))).last().ok_or("no frame")?;
                row.push(camera.develop(&drive.traits, &scene, Some((*kind, strength))));
            }
        }
        rows.push(row);
    }
    let mut encoder = png::Encoder::new(
        BufWriter::new(File::create(path)?),
        8 * WIDTH as u32,
        (rows.len() * HEIGHT) as u32,
    );
    encoder.set_color(png::ColorType::Rgb);
    let mut bytes = Vec::new();
    for row in &rows {
        for line in 0..HEIGHT {
            row.iter()
                .for_each(|picture| bytes.extend(picture[line * WIDTH..(line + 1) * WIDTH].as_flattened()));
        }
    }
    Ok(encoder.write_header()?.write_image_data(&bytes)?)
}

/// With the road in green.
fn marked(mut picture: Picture, scene: &Scene) -> Picture {
    let road = picture.iter_mut().zip(&scene.road).filter(|(_, road)| **road);
    road.for_each(|(pixel, _)| *pixel = [pixel[0] / 2, pixel[1] / 2 + 110, pixel[2] / 2]);
    picture
}
