//! The desk beside a device that has rejected something.

use segmeter::device::{Device, DeviceFrame, Error, in_process};
use segmeter_core::drift::Profile;
use segmeter_firmware::evaluator::configuration;
use segmeter_firmware::protocol::Rejection;
use segmeter_tests::Demo;

use super::profile;

/// A line that damages the byte at one place of what is sent.
struct Damaging<L> {
    line: L,
    sent: usize,
    place: usize,
}

impl<L: std::io::Read> std::io::Read for Damaging<L> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.line.read(buffer)
    }
}

impl<L: std::io::Write> std::io::Write for Damaging<L> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut bytes = bytes.to_vec();
        if let Some(byte) = self.place.checked_sub(self.sent).and_then(|place| bytes.get_mut(place)) {
            *byte ^= 0x15;
        }
        self.sent += bytes.len();
        self.line.write_all(&bytes).map(|()| bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.line.flush()
    }
}

impl<L: std::io::Read + std::io::Write> segmeter::device::Line for Damaging<L> {}

/// The desk keeps step with a device that has rejected a row in the middle of a frame.
#[test]
fn the_desk_keeps_step() {
    let demo = Demo::load();
    let profile = profile(&demo);
    let mut room = [0; Profile::RECORD_LEN];
    let frame = |number: u32| DeviceFrame { number, width: 160, codes: demo.codes(0), labels: None };
    // The configuration is 2 KB of it.
    for place in [3_000, 5_000, 12_345, 20_000] {
        let line = Damaging { line: in_process().unwrap(), sent: 0, place };
        let mut device = Device::connect(line).unwrap();
        device.configure(configuration(&profile, &mut room)).unwrap();
        let lost = device.evaluate(frame(0));
        assert!(matches!(lost, Err(Error::Rejected(Rejection::Fault(_)))), "byte {place}: {lost:?}");
        let next = device.evaluate(frame(1)).unwrap();
        assert_eq!(
            (next.frame, next.statistics[0], next.drift.unwrap().invalid_frames),
            (1, 29433, 1),
            "byte {place}"
        );
    }
    let mut device = Device::connect(in_process().unwrap()).unwrap();
    device.configure(configuration(&profile, &mut room)).unwrap();
    for (width, codes) in [(0, &[0; 10][..]), (1, &[0; 70_000]), (2000, &[0; 4000])] {
        let refused = device.evaluate(DeviceFrame { number: 0, width, codes, labels: None });
        assert!(matches!(refused, Err(Error::Rejected(Rejection::Shape))), "{width}: {refused:?}");
    }
    assert!(device.evaluate(frame(2)).is_ok());
}
