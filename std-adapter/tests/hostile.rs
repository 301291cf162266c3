//! Files that lie: every byte flipped, every length cut, sizes beyond any memory. Nothing here may panic.

mod support;

use segmeter::core::drift::{Baseline, CalibrationMap, Cusum, Identity, Profile, Reference, Rules, SIGNALS};
use segmeter::core::num::Q16;
use segmeter::core::sketch::SigmoidTable;
use segmeter::core::view::{Quantiser, Shape};
use segmeter::files::{
    Array, Colours, Elements, IdMap, Order, Reading, Source, bin, npy, npz, png, profile, raster,
};
use segmeter::learn::Settings;
use support::{Bench, npy, npy_f32, png_bits, png_grey};

/// What flips and cuts make of a file.
fn mutants(good: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let flips = (0..good.len()).flat_map(move |place| {
        [1, 0x10, 0x80, 0xff].map(|mask| {
            let mut bytes = good.to_vec();
            bytes[place] ^= mask;
            bytes
        })
    });
    let cuts = (0..good.len()).map(move |length| good[..length].to_vec());
    let longer = [1, 7, 1000].map(|more| [good, &vec![0; more][..]].concat());
    flips.chain(cuts).chain(longer)
}

/// What is read is consistent, or refused in one line.
fn check(result: segmeter::files::Result<Array>) {
    match result {
        Ok(array) => assert_eq!(array.shape.iter().product::<usize>(), array.elements.len()),
        Err(error) => assert_eq!(error.to_string().lines().count(), 1),
    }
}

#[test]
fn npy_files() {
    for good in [
        npy_f32(&[2, 3], &[1.0; 6]),
        npy("<f8", &[1, 2], &[7; 16]),
        npy("|b1", &[4], &[1; 4]),
        npy("|i1", &[1, 1, 2], &[1; 2]),
        npy("|u1", &[2, 1, 2, 1], &[1; 4]),
    ] {
        npy::read(&good).unwrap();
        mutants(&good).for_each(|bytes| check(npy::read(&bytes)));
    }
}

#[test]
fn npy_headers_that_ask_for_too_much() {
    let header = |version: u8, length: u32, text: &str| {
        [b"\x93NUMPY", &[version, 0][..], &length.to_le_bytes(), text.as_bytes()].concat()
    };
    let huge = u64::MAX;
    for shape in [format!("({huge}, {huge})"), format!("({huge}{huge},)"), "(-1, 5)".into(), "(1.5,)".into()]
    {
        let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
        check(npy::read(&header(2, text.len() as u32, &text)));
    }
    for text in ["((((((((((", "{{{{{{{{{{{{{{", "[", "{'descr': ", "\n", "{}\n", "'\\N{x}'\n", "1e999999\n"]
    {
        assert!(npy::read(&header(2, text.len() as u32, text)).is_err());
        assert!(npy::read(&header(3, u32::MAX, text)).is_err());
    }
}

#[test]
fn png_files() {
    for good in [png_grey(5, 4, &[1; 20]), png_bits(9, 2, &[0xaa, 0x80, 0x55, 0])] {
        png::read(&good, None).unwrap();
        mutants(&good).for_each(|bytes| check(png::read(&bytes, None)));
    }
}

#[test]
fn bitmaps_tiffs_archives_and_tables() {
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases");
    let file = |name: &str| std::fs::read(cases.join(name)).unwrap();
    let voc = Colours::new("voc").unwrap();
    for colours in [None, Some(&voc)] {
        let bmp = file("16-bmp/prediction.bmp");
        assert_eq!(raster::read_bmp(&bmp, colours).is_ok(), colours.is_none());
        mutants(&bmp).for_each(|bytes| check(raster::read_bmp(&bytes, colours)));
        for name in ["16-tif/prediction.tif", "16-tif-16-bit/prediction.tif"] {
            let tiff = file(name);
            raster::read_tiff(&tiff, colours).unwrap();
            mutants(&tiff).for_each(|bytes| check(raster::read_tiff(&bytes, colours)));
        }
    }
    let npz = file("16-npz/prediction.npz");
    let read = |bytes: &[u8]| npz::only(bytes).and_then(|bytes| npy::read(&bytes));
    read(&npz).unwrap();
    mutants(&npz).for_each(|bytes| check(read(&bytes)));
    for name in ["csv", "txt", "json"] {
        let [map, colours] = ["17-map-of-a-file/map", "16-colours-of-a-file/colours"]
            .map(|path| String::from_utf8(file(&format!("{path}.{name}"))).unwrap());
        assert_eq!(IdMap::of_table("map", &map).unwrap().id(10).unwrap(), 0, "{name}");
        assert_eq!(Colours::of_table("map", &colours).unwrap().id([200, 0, 0]).unwrap(), 1, "{name}");
    }
    for text in
        ["", "{", "{}", "1,2\n1,3", "1,99999", "1", "a,b\n-5,-5", "0 1 2 300", "#\n", "{\"a\": [[[[]]]]}"]
    {
        for error in
            [IdMap::of_table("map", text).err(), Colours::of_table("map", text).err()].into_iter().flatten()
        {
            assert_eq!(error.to_string().lines().count(), 1, "{text}");
        }
    }
    assert!(
        IdMap::of_table("map", "1,2\n1,3").unwrap_err().to_string().contains("found id 1 again in line 2")
    );
    assert!(IdMap::of_table("map", "1,99999").unwrap_err().to_string().contains("found 99999 in line 1"));
}

#[test]
fn a_png_that_claims_more_than_it_can_hold() {
    let mut bytes = png_grey(1, 1, &[0]);
    // Width and height of IHDR, and its CRC made right again.
    bytes[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    assert!(png::read(&bytes, None).unwrap_err().to_string().contains("claimed"));
}

#[test]
fn bare_numbers_and_bits() {
    let sides = [0, 1, 7, 8, 9, 1 << 16, u32::MAX as usize, usize::MAX];
    for bytes in [&[][..], &[255; 9], &[0; 72]] {
        for height in sides {
            for width in sides {
                for kind in [bin::Type::F32, bin::Type::I8, bin::Type::U8, bin::Type::Bits] {
                    check(bin::read(bytes, &[height, width], kind));
                    check(bin::read(bytes, &[height, 3, width], kind));
                }
            }
        }
        for (height, width) in [(1, 1), (3, 3), (9, 8), (65_535, 65_537)] {
            let shape = Shape::new(height, width).unwrap();
            if let Ok((images, ids)) = bin::read_masks(bytes, shape, &[0, 1, usize::MAX]) {
                assert_eq!(ids.len(), images * shape.pixels());
            }
        }
    }
}

#[test]
fn profiles() {
    let quantiser = Quantiser::probabilities();
    let good = Profile {
        identity: Identity { model: 1, mounting: 2, height: 9, width: 8, frames: 7, ..Identity::default() },
        quantiser,
        rules: Settings::default().rules,
        baselines: [Baseline { mean: Q16::ONE, deviation: Q16::ONE }; SIGNALS],
        charts: [Cusum { slack: Q16::from_raw(1 << 15), threshold: Q16::ONE }; SIGNALS],
        site_charts: [Cusum { slack: Q16::from_raw(1 << 15), threshold: Q16::ONE }; SIGNALS],
        watching: u8::MAX,
        correlations: [Q16::ZERO; SIGNALS],
        calibration: CalibrationMap::network(&SigmoidTable::new(&quantiser)),
        reference: Reference::new([3; 256]).unwrap(),
    };
    let good = Profile { rules: Rules { block_frames: 4, ..good.rules }, ..good };
    let mut bytes = Vec::new();
    profile::write(&mut bytes, [&good]).unwrap();
    assert_eq!(profile::read(&bytes).unwrap(), good);
    for bytes in mutants(&bytes) {
        if let Ok(read) = profile::read(&bytes) {
            assert_eq!(read, good);
        }
    }
}

#[test]
fn the_command_never_panics() {
    let bench = Bench::new();
    bench.file("g.png", &png_grey(3, 2, &[0, 1, 1, 0, 0, 255]));
    let logits = npy_f32(&[2, 3], &[0.5; 6]);
    let mask = png_grey(3, 2, &[0, 1, 1, 0, 0, 0]);
    let mut runs = 0;
    let mut run = |line: &str| {
        let output = bench.run(line);
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 2)), "{line}: {code:?} {}", String::from_utf8_lossy(&output.stderr));
        runs += 1;
    };
    for (i, bytes) in mutants(&logits).enumerate().filter(|(i, _)| i % 9 == 0) {
        let name = format!("z{i}.npy");
        bench.file(&name, &bytes);
        run(&format!("loss lovasz_hinge --logits {name} --labels g.png --gradient d.npy"));
    }
    for (i, bytes) in mutants(&mask).enumerate().filter(|(i, _)| i % 5 == 0) {
        let name = format!("p{i}.png");
        bench.file(&name, &bytes);
        run(&format!("eval {name} g.png"));
        run(&format!("eval g.png {name} --json"));
    }
    assert!(runs > 100);
}

/// Axes of every number and size, read in every way: what comes out is consistent, or it is refused.
#[test]
fn axes_that_lie() {
    let bench = Bench::new();
    let huge = u64::MAX;
    let shapes = [
        "()",
        "(8,)",
        "(2, 4)",
        "(2, 2, 2)",
        "(1, 2, 2, 2)",
        "(1, 1, 2, 2, 2)",
        "(0, 2, 2)",
        "(8, 0, 1)",
        "(0, 0, 0, 0)",
        "(8, 1, 1, 1)",
        "(1, 1, 1, 8)",
        "(4294967296, 4294967296)",
        "(8, 4294967296, 0)",
    ];
    let shapes = shapes
        .map(str::to_owned)
        .into_iter()
        .chain([format!("({huge}, {huge}, {huge})"), format!("({huge}, 2, 0)")]);
    for shape in shapes {
        for order in ["False", "True"] {
            let text = format!("{{'descr': '|u1', 'fortran_order': {order}, 'shape': {shape}, }}\n");
            let length = u16::try_from(text.len()).unwrap().to_le_bytes();
            let bytes = [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), &[7; 8]].concat();
            let path = bench.file("z.npy", &bytes);
            for read in [None, Some(Order::Plane), Some(Order::Planar), Some(Order::Interleaved)] {
                match Source::open(&path, Reading { order: read, ..Reading::default() }) {
                    Ok(source) => consistent(&source),
                    Err(error) => assert_eq!(error.to_string().lines().count(), 1, "{shape}"),
                }
            }
        }
    }
}

fn consistent(source: &Source) {
    assert!(!source.is_empty());
    for index in 0..source.len() {
        let image = source.image(index).unwrap();
        assert_eq!(image.elements.len(), image.shape.pixels() * image.channels);
        assert_eq!(
            image.order.axes(image.shape, image.channels).iter().product::<usize>(),
            image.elements.len()
        );
        assert_eq!((image.order, image.channels), source.channels().unwrap());
    }
    assert!(source.image(source.len()).is_err());
}

#[test]
fn the_command_on_damaged_classes() {
    let bench = Bench::new();
    let logits = npy_f32(&[3, 2, 2], &[0.5; 12]);
    let shares = npy_f32(&[3, 2, 2], &[0.25; 12]);
    bench.file("z.npy", &logits);
    bench.file("g.png", &png_grey(2, 2, &[0, 1, 2, 255]));
    let run = |line: &str| {
        let output = bench.run(line);
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 2)), "{line}: {code:?} {}", String::from_utf8_lossy(&output.stderr));
    };
    for (i, bytes) in mutants(&logits).enumerate().filter(|(i, _)| i % 17 == 0) {
        let name = format!("z{i}.npy");
        bench.file(&name, &bytes);
        run(&format!("loss dice --logits {name} --labels g.png --gradient d.npy"));
        run(&format!("loss focal --layout hwc --logits {name} --labels g.png --reduction image"));
    }
    for (i, bytes) in mutants(&shares).enumerate().filter(|(i, _)| i % 17 == 0) {
        let name = format!("g{i}.npy");
        bench.file(&name, &bytes);
        run(&format!("loss dice --layout chw --logits z.npy --labels {name} --json"));
    }
}

#[test]
fn elements_out_of_range_are_empty() {
    let elements = Elements::U8(vec![1, 2, 3]);
    assert!(elements.part(2..9).is_empty());
    assert_eq!(elements.part(1..3), Elements::U8(vec![2, 3]));
    assert_eq!(Elements::U8(vec![1, 2, 3, 4, 5, 6]).planar(2), Elements::U8(vec![1, 3, 5, 2, 4, 6]));
    assert!(elements.planar(0).is_empty());
    let mut all = elements;
    assert!(all.append(Elements::F32(vec![1.0])).unwrap_err().to_string().contains("u8 and f32"));
    all.append(Elements::U8(vec![4])).unwrap();
    assert_eq!(all.len(), 4);
}
