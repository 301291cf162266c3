//! A device that runs the Segmeter firmware, from the desk's end of the line.

use std::error;
use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use embedded_io_adapters::std::FromStd;
use segmeter_core::drift::Packet;
use segmeter_firmware::evaluator::Evaluator;
use segmeter_firmware::protocol::{
    Configuration, Fault, Order, Receiver, Rejection, Report, Request, Response, RowLabels, SendError,
    Telemetry, VERSION, decode, send,
};

mod qemu;

pub use qemu::Qemu;

/// How long a device may take to answer, or an emulator to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest answer, with room to spare.
const LONGEST_ANSWER: usize = 512;

/// Why a device did not do what it was asked to.
#[derive(Debug)]
pub enum Error {
    /// The line failed, or the device was silent for too long.
    Line(io::Error),
    /// The line was closed.
    Closed,
    /// What came back is not a message of this protocol.
    Answer(Fault),
    /// The device does not speak this version.
    Version(u16),
    /// The device refused.
    Rejected(Rejection),
    /// It answered something else than the question.
    Unexpected,
    /// The emulator did not start, or ended.
    Emulator(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                write!(f, "the device did not answer within {} s", PATIENCE.as_secs())
            }
            Self::Line(e) => write!(f, "the line to the device failed: {e}"),
            Self::Closed => f.write_str("the device closed the line"),
            Self::Answer(fault) => write!(f, "the device's answer is damaged: {fault}"),
            Self::Version(found) => {
                write!(f, "the device speaks protocol version {found}, this program version {VERSION}")
            }
            Self::Rejected(reason) => write!(f, "the device refused: {}", describe(*reason)),
            Self::Unexpected => f.write_str("the device answered something else than it was asked"),
            Self::Emulator(what) => f.write_str(what),
        }
    }
}

impl error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Line(error)
    }
}

/// A rejection in words.
#[must_use]
pub fn describe(reason: Rejection) -> String {
    match reason {
        Rejection::Fault(fault) => fault.to_string(),
        Rejection::OutOfOrder { expected, found } => {
            format!("row or frame {found} came where {expected} was next")
        }
        Rejection::Shape => "the sizes of the row do not fit the frame, or the frame is too wide".to_owned(),
        Rejection::NotConfigured => "it was not told what the codes mean".to_owned(),
        Rejection::Configuration => "the configuration has an impossible value".to_owned(),
        Rejection::Order => "the monitor cannot do that now".to_owned(),
        Rejection::NoFrame => "no frame is under way".to_owned(),
        Rejection::Labels => "labels where none were announced, or none where they were".to_owned(),
    }
}

/// A frame for a device: 8-bit codes, and labels of a bit each with rows that start a byte.
#[derive(Clone, Copy, Debug)]
pub struct DeviceFrame<'a> {
    /// The number that its report carries.
    pub number: u32,
    /// Pixels of a row.
    pub width: u16,
    /// Stored bytes, row-major.
    pub codes: &'a [u8],
    /// Foreground and valid bits.
    pub labels: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> DeviceFrame<'a> {
    /// Rows in order: codes, and labels if there are any.
    pub fn rows(self) -> impl Iterator<Item = (u16, &'a [u8], Option<RowLabels<'a>>)> {
        let width = usize::from(self.width);
        let packed = width.div_ceil(8);
        // A width of zero is for the firmware to refuse, not to divide by.
        (0..=u16::MAX).zip(self.codes.chunks(width.max(1))).map(move |(row, codes)| {
            let bits = usize::from(row) * packed..(usize::from(row) + 1) * packed;
            let labels = self.labels.and_then(|(foreground, valid)| {
                Some(RowLabels { foreground: foreground.get(bits.clone())?, valid: valid.get(bits)? })
            });
            (row, codes, labels)
        })
    }

    /// Rows, unless there are more than the protocol can count.
    fn height(&self) -> Result<u16, Rejection> {
        u16::try_from(self.codes.len() / usize::from(self.width).max(1)).map_err(|_| Rejection::Shape)
    }

    /// The report that the same evaluation gives here, on the desk.
    ///
    /// # Errors
    /// What the device would refuse as well.
    pub fn evaluate(self, evaluator: &mut Evaluator) -> Result<Report, Rejection> {
        evaluator.begin(self.number, self.height()?, self.width, self.labels.is_some())?;
        for (row, codes, labels) in self.rows() {
            evaluator.row(self.number, row, codes, labels)?;
        }
        evaluator.end(self.number)
    }
}

/// A device at the other end of a line.
pub struct Device<L> {
    line: L,
    receiver: Receiver<LONGEST_ANSWER>,
    /// Bytes that came after the last answer.
    rest: Vec<u8>,
    board: String,
    max_width: u16,
}

/// A line: a socket, a serial port, a pipe.
pub trait Line: Read + Write {}
impl<T: Read + Write> Line for T {}

impl<L: Line> Device<L> {
    /// Asks who is there.
    ///
    /// # Errors
    /// [`Error::Version`], and everything that can go wrong with a line.
    pub fn connect(line: L) -> Result<Self, Error> {
        let mut device =
            Self { line, receiver: Receiver::new(), rest: Vec::new(), board: String::new(), max_width: 0 };
        match device.ask(&Request::Hello)? {
            Answer::Ready { protocol: VERSION, board, max_width } => {
                (device.board, device.max_width) = (board, max_width);
                Ok(device)
            }
            Answer::Ready { protocol, .. } => Err(Error::Version(protocol)),
            _ => Err(Error::Unexpected),
        }
    }

    /// The board's name.
    #[must_use]
    pub fn board(&self) -> &str {
        &self.board
    }

    /// The widest row it takes.
    #[must_use]
    pub const fn max_width(&self) -> u16 {
        self.max_width
    }

    /// Tells it what the codes mean and what to hold frames against; its monitor starts anew.
    ///
    /// # Errors
    /// [`Error::Rejected`], and everything that can go wrong with a line.
    pub fn configure(&mut self, configuration: Configuration<'_>) -> Result<(), Error> {
        self.accept(&Request::Configure(configuration))
    }

    /// Has a frame evaluated.
    ///
    /// # Errors
    /// [`Error::Rejected`] if the device lost any of it (the next frame is then evaluated as ever), and everything
    /// that can go wrong with a line.
    pub fn evaluate(&mut self, frame: DeviceFrame<'_>) -> Result<Report, Error> {
        let outcome = self.transfer(frame);
        if matches!(outcome, Err(Error::Rejected(_))) {
            self.synchronise()?;
        }
        outcome
    }

    fn transfer(&mut self, frame: DeviceFrame<'_>) -> Result<Report, Error> {
        let height = frame.height().map_err(Error::Rejected)?;
        let labelled = frame.labels.is_some();
        self.accept(&Request::Begin { frame: frame.number, height, width: frame.width, labelled })?;
        for (row, codes, labels) in frame.rows() {
            self.send(&Request::Row { frame: frame.number, row, codes, labels })?;
        }
        match self.ask(&Request::End { frame: frame.number })? {
            Answer::Report(report) => Ok(report),
            _ => Err(Error::Unexpected),
        }
    }

    /// Passes over answers until the device says hello: a row that was rejected is followed by the rejection of the
    /// frame's end, and how many answers are on their way is not known here.
    fn synchronise(&mut self) -> Result<(), Error> {
        self.send(&Request::Hello)?;
        self.line.flush()?;
        loop {
            match self.receive() {
                Ok(Answer::Ready { .. }) => return Ok(()),
                Ok(_) | Err(Error::Rejected(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives its monitor an order.
    ///
    /// # Errors
    /// [`Error::Rejected`] if it cannot be followed now, and everything that can go wrong with a line.
    pub fn order(&mut self, order: Order) -> Result<(), Error> {
        self.accept(&Request::Order(order))
    }

    /// What its monitor would broadcast.
    ///
    /// # Errors
    /// [`Error::Rejected`] without a profile, and everything that can go wrong with a line.
    pub fn telemetry(&mut self) -> Result<Packet, Error> {
        match self.ask(&Request::Telemetry)? {
            Answer::Telemetry(packet) => Ok(packet),
            _ => Err(Error::Unexpected),
        }
    }

    /// The most stack it has ever used, in bytes, if its board can tell.
    ///
    /// # Errors
    /// Everything that can go wrong with a line.
    pub fn stack_bytes(&mut self) -> Result<Option<u32>, Error> {
        match self.ask(&Request::Stack)? {
            Answer::Stack(bytes) => Ok(bytes),
            _ => Err(Error::Unexpected),
        }
    }

    /// Ends its program.
    ///
    /// # Errors
    /// Everything that can go wrong with a line.
    pub fn shut_down(&mut self) -> Result<(), Error> {
        self.accept(&Request::Shutdown)
    }

    fn accept(&mut self, request: &Request<'_>) -> Result<(), Error> {
        match self.ask(request)? {
            Answer::Accepted => Ok(()),
            _ => Err(Error::Unexpected),
        }
    }

    fn send(&mut self, request: &Request<'_>) -> Result<(), Error> {
        let mut bytes = Vec::new();
        // Into memory first: the line gets one write per message instead of one per run of bytes.
        match send(&mut FromStd::new(&mut bytes), request) {
            Ok(()) => Ok(self.line.write_all(&bytes)?),
            Err(SendError::Line(error)) => Err(Error::Line(error)),
            Err(SendError::Unencodable) => Err(Error::Unexpected),
        }
    }

    /// Waits for an answer to nothing that was asked through this value: a report, or `None` for an acceptance.
    ///
    /// # Errors
    /// [`Error::Rejected`], and everything that can go wrong with a line.
    pub fn answer(&mut self) -> Result<Option<Report>, Error> {
        match self.receive()? {
            Answer::Report(report) => Ok(Some(report)),
            Answer::Accepted => Ok(None),
            _ => Err(Error::Unexpected),
        }
    }

    fn ask(&mut self, request: &Request<'_>) -> Result<Answer, Error> {
        self.send(request)?;
        self.line.flush()?;
        self.receive()
    }

    fn receive(&mut self) -> Result<Answer, Error> {
        let mut buffer = [0; 1024];
        loop {
            let mut chunk = &self.rest[..];
            let read = |frame: Result<&[u8], Fault>| frame.and_then(decode::<Response<'_>>).map(Answer::from);
            let answer = self.receiver.feed(&mut chunk).map(read);
            let used = self.rest.len() - chunk.len();
            self.rest.drain(..used);
            match answer {
                Some(Ok(Answer::Rejected(reason))) => return Err(Error::Rejected(reason)),
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(fault)) => return Err(Error::Answer(fault)),
                None => match self.line.read(&mut buffer)? {
                    0 => return Err(Error::Closed),
                    count => self.rest.extend_from_slice(&buffer[..count]),
                },
            }
        }
    }
}

/// A response that owns what it says.
#[allow(clippy::large_enum_variant, reason = "one at a time, on the stack")]
enum Answer {
    Ready {
        protocol: u16,
        board: String,
        max_width: u16,
    },
    Accepted,
    Report(Report),
    Telemetry(Packet),
    /// A packet with another checksum or version.
    Unreadable,
    Stack(Option<u32>),
    Rejected(Rejection),
}

impl From<Response<'_>> for Answer {
    fn from(response: Response<'_>) -> Self {
        match response {
            Response::Ready { protocol, board, max_width } => {
                Self::Ready { protocol, board: board.to_owned(), max_width }
            }
            Response::Accepted => Self::Accepted,
            Response::Report(report) => Self::Report(report),
            Response::Telemetry(Telemetry(bytes)) => {
                Packet::read(&bytes).map_or(Self::Unreadable, Self::Telemetry)
            }
            Response::Stack(bytes) => Self::Stack(bytes),
            Response::Rejected { reason, .. } => Self::Rejected(reason),
        }
    }
}

/// The firmware as a thread of this process, on the host board: the same program without a device.
///
/// # Errors
/// If the system has no more sockets.
pub fn in_process() -> Result<UnixStream, Error> {
    use segmeter_firmware::app::App;
    use segmeter_firmware::board::host::{Clock, Lamp, Line};
    let (here, there) = UnixStream::pair()?;
    here.set_read_timeout(Some(PATIENCE))?;
    let reader = there.try_clone()?;
    std::thread::spawn(move || {
        let line = Line::new(reader, there);
        App::new("host", &mut Evaluator::new(), line, Lamp::default(), Lamp::default(), Clock).run()
    });
    Ok(here)
}
