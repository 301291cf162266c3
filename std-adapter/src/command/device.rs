//! `segmeter device`.

use std::io::Write;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use segmeter::core::drift::{Identity, Profile};
use segmeter::device::{Device, DeviceFrame, Error, Line, Qemu, in_process};
use segmeter::files::{self, Image, Slot, Source};
use segmeter_firmware::evaluator::{Evaluator, codes, configuration};
use segmeter_firmware::protocol::{Configuration, Report};

use super::input::{Broken, Coder, Input, LabelInput, LabelReader};
use super::upsample::{Enlarged, UpsampleInput};
use super::{Common, Failure, Outcome};
use crate::report;

mod classes;
mod print;
mod summary;

use print::Printer;
use summary::Summary;

#[derive(Args)]
#[command(group(ArgGroup::new("where").required(true)))]
pub(super) struct Arguments {
    /// 8-bit logits of frames, in the order of their time
    #[arg(value_name = "FRAMES")]
    recording: PathBuf,
    /// Boot this image of the firmware in QEMU
    #[arg(long, value_name = "ELF", group = "where")]
    qemu: Option<PathBuf>,
    /// The board that QEMU emulates: mps2-an386, mps2-an505, mps3-an547, microbit, riscv-virt, or a machine for Arm by QEMU's
    /// name
    #[arg(long, value_name = "NAME", requires = "qemu", default_value = "mps2-an386")]
    board: String,
    /// A device on this serial port (115200 baud)
    #[arg(long, value_name = "TTY", group = "where")]
    port: Option<String>,
    /// The same firmware as a thread of this program
    #[arg(long, group = "where")]
    host: bool,
    /// Labels; without them there are no losses and no IoU
    #[arg(long, value_name = "DIR|FILE")]
    labels: Option<PathBuf>,
    /// A profile of `segmeter profile`; without it there is no drift verdict
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Compute every report here as well, and exit with 1 unless all bits are equal
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    upsample: UpsampleInput,
    #[command(flatten)]
    label_input: LabelInput,
}

/// The images that go to the device.
struct Frames<'a> {
    arguments: &'a Arguments,
    source: Source,
    slots: Vec<Slot>,
    labels: Option<LabelReader>,
    coder: Coder,
    /// What the profile is for.
    identity: Option<Identity>,
    /// Of frames of several classes.
    enlarged: Option<Enlarged>,
}

/// One image as the device takes it.
struct Packed {
    number: u32,
    width: u16,
    codes: Vec<u8>,
    labels: Option<(Vec<u8>, Vec<u8>)>,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let profile = match &arguments.profile {
        Some(path) => Some(files::profile::read(&files::read(path)?).map_err(|e| e.at(path))?),
        None => None,
    };
    let frames = Frames::open(arguments, profile.as_ref())?;
    let mut record = [0; Profile::RECORD_LEN];
    let configuration = match &profile {
        Some(profile) => configuration(profile, &mut record),
        None => Configuration { codes: codes(&frames.coder.quantiser()), profile: None },
    };
    if let Some(elf) = &arguments.qemu {
        let (qemu, line) = Qemu::start(elf, &arguments.board).map_err(|e| failed(&e))?;
        let outcome = converse(line, &frames, configuration, common, out)?;
        let ended = qemu.wait().map_err(|e| failed(&e))?;
        return if ended {
            Ok(outcome)
        } else {
            Err(Failure::Input("the image ended with a failure".to_owned()))
        };
    }
    if let Some(port) = &arguments.port {
        let line = serialport::new(port, 115_200).open();
        let line = line.map_err(|e| Failure::Input(format!("{port}: {e}")))?;
        return converse(line, &frames, configuration, common, out);
    }
    converse(in_process().map_err(|e| failed(&e))?, &frames, configuration, common, out)
}

fn failed(error: &Error) -> Failure {
    Failure::Input(error.to_string())
}

/// Everything that is said on the line, and printed.
fn converse<L: Line>(
    line: L,
    frames: &Frames<'_>,
    configuration: Configuration<'_>,
    common: &Common,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    if let Some(enlarged) = &frames.enlarged {
        return classes::converse(line, frames, enlarged, configuration, common, out);
    }
    let mut device = Device::connect(line).map_err(|e| failed(&e))?;
    let refused = |_| Failure::Input("the device refused its configuration".to_owned());
    device.configure(configuration).map_err(|e| failed(&e))?;
    let mut desk = Evaluator::new();
    desk.configure(&configuration).map_err(refused)?;
    let mut summary = Summary::new(frames.arguments.verify);
    let mut printer = Printer::new(common.json, frames.labels.is_some(), configuration.profile.is_some());
    let bar = report::progress(frames.slots.len());
    let mut broken = Vec::new();
    for slot in &frames.slots {
        let packed = match frames.pack(*slot, device.max_width()) {
            Ok(packed) => packed,
            Err(error) if frames.arguments.input.keeps_going() => {
                broken.push(error);
                bar.inc(1);
                continue;
            }
            Err(error) => return Err(error),
        };
        let frame = packed.frame();
        let named = |e: &Error| Failure::Input(format!("frame {}: {e}", packed.number));
        let found = device.evaluate(frame).map_err(|e| named(&e))?;
        if frames.arguments.verify {
            let expected = frame.evaluate(&mut desk).map_err(|e| named(&Error::Rejected(e)))?;
            summary.verified(is_same(&found, &expected), found.frame);
        }
        if summary.frames == 0 {
            // Not before: what is refused must leave nothing on stdout.
            printer.start(out, device.board())?;
        }
        summary.add(found.pixels, found.instructions);
        bar.suspend(|| printer.frame(out, &found))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Broken::of(broken.iter(), frames.source.path(), frames.slots.len())?.note();
    frames.coder.note(frames.source.path());
    frames.labels.iter().for_each(LabelReader::note_if_no_foreground);
    summary.stack_bytes = device.stack_bytes().map_err(|e| failed(&e))?;
    device.shut_down().map_err(|e| failed(&e))?;
    printer.summary(out, device.board(), &summary)?;
    Ok(summary.outcome())
}

/// All bits but those of the cost: the encoded reports, so that -0 is not 0 and a NaN is itself.
fn is_same(found: &Report, expected: &Report) -> bool {
    let bits = |report: &Report| postcard::to_stdvec(&Report { instructions: None, ..*report }).ok();
    bits(found).is_some_and(|found| Some(found) == bits(expected))
}

impl<'a> Frames<'a> {
    fn open(arguments: &'a Arguments, profile: Option<&Profile>) -> Result<Self, Failure> {
        let (source, slots) = arguments.input.open(&arguments.recording)?;
        let labels = match &arguments.labels {
            Some(path) => Some(arguments.label_input.open(path, &source, &slots)?),
            None => None,
        };
        let image = arguments.input.first(&source, &slots)?;
        let known = profile.map(|profile| profile.quantiser).zip(arguments.profile.as_deref());
        let coder = Coder::new(&arguments.input, &image.elements, source.path(), known)?;
        let identity = profile.map(|profile| profile.identity);
        let is_of_classes = image.channels != 1 || arguments.upsample.is_some();
        if is_of_classes && profile.is_some() {
            let (path, found) = (source.path().display(), image.channels);
            let line = format!(
                "{path}: found {found} channels, expected one score per pixel for --profile; watch takes several"
            );
            return Err(Failure::Input(line));
        }
        let named = |line| Failure::Input(format!("{}: {line}", source.path().display()));
        let enlarged = match arguments.upsample.of(&image, Some(coder.quantiser())).map_err(named)? {
            None if is_of_classes => {
                Some(arguments.upsample.enlarged(&image, coder.quantiser()).map_err(named)?)
            }
            enlarged => enlarged,
        };
        Ok(Self { arguments, source, slots, labels, coder, identity, enlarged })
    }

    fn pack(&self, slot: Slot, max_width: u16) -> Result<Packed, Failure> {
        let image = self.source.image(slot.index)?;
        let name = self.source.path().display();
        let (height, width) = (image.shape.height(), image.shape.width());
        if let Some(identity) = self.identity.filter(|identity| !identity.fits(height, width)) {
            return Err(Failure::Input(format!(
                "{}: found {height}x{width}, expected {}x{} as in the profile: --keep-going leaves such frames out",
                self.source.file(slot.index).display(),
                identity.height,
                identity.width
            )));
        }
        let width = u16::try_from(width).ok().filter(|w| *w <= max_width && height <= usize::from(u16::MAX));
        let Some(width) = width else {
            return Err(Failure::Input(format!(
                "{name}: found image {} of {height}x{}, the device takes rows of up to {max_width} pixels",
                slot.index,
                image.shape.width()
            )));
        };
        let labels = match &self.labels {
            Some(reader) if reader.has(&self.source, slot) => Some(self.pack_labels(reader, slot, &image)?),
            _ => None,
        };
        let codes = self.coder.codes(image, slot.index, self.source.path())?;
        let codes = codes.and_then(|image| image.elements.bytes()).ok_or_else(|| {
            let line = format!("{name}: found a number in image {} that is not finite", slot.index);
            Failure::Input(line + ", which 8 bits cannot hold")
        })?;
        Ok(Packed { number: slot.index as u32, width, codes, labels })
    }

    fn pack_labels(
        &self,
        reader: &LabelReader,
        slot: Slot,
        image: &Image,
    ) -> Result<(Vec<u8>, Vec<u8>), Failure> {
        let ids = reader.ids(&self.source, slot, image.shape)?;
        let checked = segmeter::core::view::Labels::new(image.shape, &ids, reader.ignore());
        checked.map_err(|e| reader.explain(e, &self.source.name(slot.index), "0, 1"))?;
        let rows = || ids.chunks(image.shape.width());
        let pack = |set: fn(u8) -> bool| {
            let byte =
                |ids: &[u8]| (0..).zip(ids).fold(0, |byte, (bit, id)| byte | (u8::from(set(*id)) << bit));
            rows().flat_map(|row| row.chunks(8).map(byte)).collect()
        };
        Ok((pack(|id| id == 1), pack(|id| id < 2)))
    }
}

impl Packed {
    fn frame(&self) -> DeviceFrame<'_> {
        let labels = self.labels.as_ref().map(|(foreground, valid)| (&foreground[..], &valid[..]));
        DeviceFrame { number: self.number, width: self.width, codes: &self.codes, labels }
    }
}
