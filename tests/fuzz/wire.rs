//! What targets share: of the protocol, fuzzed bytes as the traffic of a line, in chunks of fuzzed sizes; of the losses,
//! bytes as frames.

use std::io::{self, Read, Write};

use segmeter_firmware::protocol::send;
use serde::ser::{Serialize, SerializeTuple, Serializer};

pub mod frames;

/// Bit of an input's first byte: records follow, see [`traffic`].
pub const RECORDS: u8 = 1;
/// Bit of a record's length: its bytes go onto the line as they are.
pub const NOISE: u16 = 0x8000;

/// An input as the bytes of a line, and the seed for its chunks.
///
/// The first byte chooses. Its lowest bit: the rest goes onto the line as it is, or is records of a little-endian
/// length and as many bytes. Each of those becomes a frame with the right checksum, which no fuzzer guesses: this is
/// the way to the decoder and what is behind it. The other bits are the seed.
#[must_use]
pub fn traffic(input: &[u8]) -> (Vec<u8>, u8) {
    let Some((first, mut rest)) = input.split_first() else { return (Vec::new(), 0) };
    if first & RECORDS == 0 {
        return (rest.to_vec(), first >> 1);
    }
    let mut line = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u16::from_le_bytes(*length);
        let (payload, after) = after.split_at(usize::from(length & !NOISE).min(after.len()));
        rest = after;
        if length & NOISE == 0 {
            send(&mut line, &Payload(payload)).expect("memory takes all");
        } else {
            line.extend_from_slice(payload);
        }
    }
    (line, first >> 1)
}

/// Makes the last four bytes the CRC-32 of those before them, as records of the monitor have it.
pub fn seal(record: &mut [u8]) {
    if let Some((body, seal)) = record.split_last_chunk_mut() {
        *seal = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(body).to_le_bytes();
    }
}

/// Bytes that are a message's postcard form already: a tuple has no length on the wire.
struct Payload<'a>(&'a [u8]);

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.end()
    }
}

/// The receiving end of a line: pieces of any size, sometimes a report that bytes were lost, at last the end.
pub struct Line<'a> {
    /// In fuzzed chunks.
    traffic: &'a [u8],
    /// In one chunk, after it.
    last: &'a [u8],
    /// Zero: the largest chunks, and nothing is lost.
    state: u32,
    /// Whether this line can tell that it lost bytes, as a UART does.
    lossy: bool,
}

impl<'a> Line<'a> {
    /// A line that carries `traffic`, then `last`.
    #[must_use]
    pub fn new(traffic: &'a [u8], last: &'a [u8], seed: u8, lossy: bool) -> Self {
        Self { traffic, last, state: u32::from(seed), lossy }
    }

    /// Up to 31; zero for ever from the seed zero.
    fn number(&mut self) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        (self.state >> 27) as usize
    }
}

impl Read for Line<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.traffic.is_empty() {
            return self.last.read(buffer);
        }
        let most = match self.number() {
            0 => buffer.len(),
            31 if self.lossy => return Err(io::ErrorKind::InvalidData.into()),
            size => size.min(buffer.len()),
        };
        self.traffic.read(&mut buffer[..most])
    }
}

impl segmeter::device::Line for Line<'_> {}

/// Takes everything and forgets it.
impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
