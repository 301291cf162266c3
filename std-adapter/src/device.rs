//! A device that runs the Segmeter firmware, from the desk's end of the line.

use std::hash::{BuildHasher, RandomState};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use embedded_io_adapters::std::FromStd;
use segmeter_core::drift::Packet;
use segmeter_firmware::protocol::{
    Configuration, DeviceMessage, Fault, HostMessage, Order, Receiver, Report, Request, Response, SendError,
    Tag, Telemetry, VERSION, decode, send,
};

mod classes;
mod error;
mod frame;
mod line;
mod qemu;

pub use classes::{ClassDeviceFrame, ClassFound};
pub use error::{Error, describe};
pub use frame::DeviceFrame;
use line::Deadline;
pub use line::Line;
pub use qemu::Qemu;

/// How long a device may take to answer, or an emulator to start.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How often the greeting and the opening of a session are sent while there is no answer: either may be lost, and both may
/// be said twice.
const ATTEMPTS: u32 = 8;

/// The longest answer, with room to spare.
const LONGEST_ANSWER: usize = 512;

/// Bytes that may come before an answer: more than any line holds back, and than a serial port brings in [`PATIENCE`].
const LONGEST_WAIT: usize = 1 << 20;

/// Requests of a session. A frame has fewer than 2^17.
const LONGEST_SESSION: u32 = u32::MAX - (1 << 17);

/// A device at the other end of a line.
pub struct Device<L> {
    line: L,
    receiver: Receiver<LONGEST_ANSWER>,
    /// Bytes that came after the last answer.
    rest: Vec<u8>,
    board: String,
    max_width: u16,
    patience: Duration,
    /// Of the last request.
    tag: Tag,
    /// Whether the device is in this session and nothing is on its way.
    in_step: bool,
}

impl<L: Line> Device<L> {
    /// Asks who is there, and opens a session of a number that nobody has had before. A message may take [`PATIENCE`]
    /// there, and so may the answer back.
    ///
    /// # Errors
    /// [`Error::Version`], and everything that can go wrong with a line.
    pub fn connect(line: L) -> Result<Self, Error> {
        // Every hasher has its own random keys. The low half is as random as all.
        Self::connect_as(line, RandomState::new().hash_one(()) as u32, PATIENCE)
    }

    /// The same with a session of this number (the next ones are for the sessions after a fault) and another patience.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_as(line: L, session: u32, patience: Duration) -> Result<Self, Error> {
        let tag = Tag { session: session.wrapping_sub(1), number: 0 };
        let (receiver, rest) = (Receiver::new(), Vec::new());
        let mut device =
            Self { line, receiver, rest, board: String::new(), max_width: 0, patience, tag, in_step: false };
        (device.board, device.max_width) = device.persist(|device, patience| {
            device.send(&HostMessage::Hello, patience)?;
            device.receive(patience, |message| match message {
                Ok(DeviceMessage::Ready { protocol: VERSION, board, max_width }) => {
                    Some(Ok((board.to_owned(), max_width)))
                }
                Ok(DeviceMessage::Ready { protocol, .. }) => Some(Err(Error::Version(protocol))),
                // Whatever was said to whoever used the line before.
                _ => None,
            })
        })?;
        device.synchronise()?;
        Ok(device)
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
    /// [`Error::Rejected`], and everything that can go wrong with a line. As with every request but [`evaluate`]: unless
    /// it was rejected for what it says, the device may have followed it, and only the answer was lost.
    ///
    /// [`evaluate`]: Self::evaluate
    pub fn configure(&mut self, configuration: Configuration<'_>) -> Result<(), Error> {
        self.accept(Request::Configure(configuration))
    }

    /// Has a frame evaluated.
    ///
    /// # Errors
    /// [`Error::Rejected`] if the device lost any of it, and everything that can go wrong with a line. The next frame is
    /// then evaluated as ever; to the monitor this one is seen or missing.
    pub fn evaluate(&mut self, frame: DeviceFrame<'_>) -> Result<Report, Error> {
        let (number, labelled) = (frame.number, frame.labels.is_some());
        let height = frame.height().map_err(Error::Rejected)?;
        let begin = Request::Begin { frame: number, height, width: frame.width, labelled };
        self.in_step(|device| {
            let Response::Accepted = device.ask(begin)? else { return Err(Error::Unexpected) };
            for (row, codes, labels) in frame.rows() {
                device.request(Request::Row { frame: number, row, codes, labels })?;
            }
            match device.ask(Request::End { frame: number })? {
                Response::Report(report) if report.frame == number => Ok(report),
                _ => Err(Error::Unexpected),
            }
        })
    }

    /// Has a frame of several classes evaluated.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate); [`Error::Rejected`] from a device without the memory for it.
    pub fn evaluate_classes(&mut self, frame: ClassDeviceFrame<'_>) -> Result<ClassFound, Error> {
        let begin = Request::BeginClasses(frame.begin().map_err(Error::Rejected)?);
        self.in_step(|device| {
            let Response::Accepted = device.ask(begin)? else { return Err(Error::Unexpected) };
            for row in frame.rows().map_err(Error::Rejected)? {
                device.request(row)?;
            }
            let report = match device.ask(Request::End { frame: frame.number })? {
                Response::Classes(report) if report.frame == frame.number => report,
                _ => return Err(Error::Unexpected),
            };
            let mut classes = Vec::new();
            for class in 0..frame.classes as u8 {
                match device.ask(Request::ClassCounts(class))? {
                    Response::ClassCounts(Some(counts)) if counts.class == class => classes.push(counts),
                    _ => return Err(Error::Unexpected),
                }
            }
            Ok(ClassFound { report, classes })
        })
    }

    /// Gives its monitor an order.
    ///
    /// # Errors
    /// [`Error::Rejected`] if it cannot be followed now, and everything that can go wrong with a line.
    pub fn order(&mut self, order: Order) -> Result<(), Error> {
        self.accept(Request::Order(order))
    }

    /// What its monitor would broadcast.
    ///
    /// # Errors
    /// [`Error::Rejected`] without a profile, and everything that can go wrong with a line.
    pub fn telemetry(&mut self) -> Result<Packet, Error> {
        self.in_step(|device| match device.ask(Request::Telemetry)? {
            Response::Telemetry(Telemetry(bytes)) => Packet::read(&bytes).map_err(|_| Error::Unexpected),
            _ => Err(Error::Unexpected),
        })
    }

    /// The most stack it has ever used, in bytes, if its board can tell.
    ///
    /// # Errors
    /// Everything that can go wrong with a line.
    pub fn stack_bytes(&mut self) -> Result<Option<u32>, Error> {
        self.in_step(|device| match device.ask(Request::Stack)? {
            Response::Stack(bytes) => Ok(bytes),
            _ => Err(Error::Unexpected),
        })
    }

    /// The most instructions that it worked without feeding its watchdog, if its board can tell.
    ///
    /// # Errors
    /// Everything that can go wrong with a line.
    pub fn longest_piece(&mut self) -> Result<Option<u32>, Error> {
        self.in_step(|device| match device.ask(Request::LongestPiece)? {
            Response::LongestPiece(most) => Ok(most),
            _ => Err(Error::Unexpected),
        })
    }

    /// Ends its program.
    ///
    /// # Errors
    /// Everything that can go wrong with a line.
    pub fn shut_down(&mut self) -> Result<(), Error> {
        self.accept(Request::Shutdown)
    }

    fn accept(&mut self, request: Request<'_>) -> Result<(), Error> {
        self.in_step(|device| match device.ask(request)? {
            Response::Accepted => Ok(()),
            _ => Err(Error::Unexpected),
        })
    }

    /// Brings the line into step before something is said, unless all went well with what was said last.
    fn in_step<T>(&mut self, say: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if !self.in_step || self.tag.number > LONGEST_SESSION {
            self.synchronise()?;
        }
        self.in_step = false;
        let outcome = say(self)?;
        self.in_step = true;
        Ok(outcome)
    }

    /// Opens another session and passes over everything before the answer to that: damaged answers, and those to
    /// requests before.
    fn synchronise(&mut self) -> Result<(), Error> {
        self.persist(|device, patience| {
            device.tag = Tag { session: device.tag.session.wrapping_add(1), number: 1 };
            let awaited = device.tag;
            device.send(&HostMessage::Request(awaited, Request::Open), patience)?;
            device.receive(patience, |message| match message {
                Ok(DeviceMessage::Response(tag, Response::Accepted)) if tag == awaited => Some(Ok(())),
                _ => None,
            })
        })?;
        self.in_step = true;
        Ok(())
    }

    /// Asks again and again, for [`PATIENCE`] in all.
    fn persist<T>(&mut self, ask: impl Fn(&mut Self, Duration) -> Result<T, Error>) -> Result<T, Error> {
        for _ in 0..ATTEMPTS {
            match ask(self, self.patience / ATTEMPTS) {
                Err(Error::TimedOut(_)) => {}
                outcome => return outcome,
            }
        }
        Err(Error::TimedOut(self.patience))
    }

    /// The answer to a request; those to others are passed over.
    fn ask(&mut self, request: Request<'_>) -> Result<Response, Error> {
        self.request(request)?;
        let awaited = self.tag;
        self.receive(self.patience, |message| match message {
            Ok(DeviceMessage::Response(tag, response)) if tag == awaited => Some(match response {
                Response::Rejected(reason) => Err(Error::Rejected(reason)),
                response => Ok(response),
            }),
            Ok(_) => None,
            Err(fault) => Some(Err(Error::Answer(fault))),
        })
    }

    /// Sends the next request.
    fn request(&mut self, request: Request<'_>) -> Result<(), Error> {
        self.tag = self.tag.next();
        self.send(&HostMessage::Request(self.tag, request), self.patience)
    }

    fn send(&mut self, message: &HostMessage<'_>, patience: Duration) -> Result<(), Error> {
        let mut bytes = Vec::new();
        // Into memory first: the line gets one write per message instead of one per run of bytes.
        match send(&mut FromStd::new(&mut bytes), message) {
            Ok(()) => Deadline::new(patience).write(&mut self.line, &bytes),
            Err(SendError::Line(error)) => Err(Error::Line(error)),
            Err(SendError::Unencodable) => Err(Error::Unexpected),
        }
    }

    /// Reads messages until `pick` takes one.
    fn receive<T>(
        &mut self,
        patience: Duration,
        mut pick: impl FnMut(Result<DeviceMessage<'_>, Fault>) -> Option<Result<T, Error>>,
    ) -> Result<T, Error> {
        let deadline = Deadline::new(patience);
        let (mut room, mut buffer) = (LONGEST_WAIT, [0; 1024]);
        loop {
            let mut chunk = &self.rest[..];
            let picked = self.receiver.feed(&mut chunk).map(|frame| pick(frame.and_then(decode)));
            let used = self.rest.len() - chunk.len();
            self.rest.drain(..used);
            match picked {
                Some(Some(result)) => return result,
                Some(None) => {}
                None => {
                    let count = deadline.read(&mut self.line, &mut buffer)?;
                    self.rest.extend_from_slice(&buffer[..count]);
                    room = room.checked_sub(count).ok_or(Error::Unexpected)?;
                }
            }
        }
    }
}

/// The firmware as a thread of this process, on the host board: the same program without a device.
///
/// # Errors
/// If the system has no more sockets.
pub fn in_process() -> Result<UnixStream, Error> {
    use segmeter_firmware::app::{App, ClassMemory, Memory};
    use segmeter_firmware::board::host::{Clock, Lamp, Line};
    use segmeter_firmware::evaluator::ClassFrames;
    let (here, there) = UnixStream::pair()?;
    let reader = there.try_clone()?;
    std::thread::Builder::new().spawn(move || {
        let line = Line::new(reader, there);
        let (mut memory, mut classes) = (Memory::new(), ClassFrames::new());
        let mut memory = ClassMemory::new(&mut memory, &mut classes);
        App::new("host", &mut memory, line, Lamp::default(), Lamp::default(), Clock).run(&mut Clock)
    })?;
    Ok(here)
}
