//! Lines to a device, and how long they may take.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::Error;

/// A line: a socket, a serial port, a pipe. What is written to it goes out without a flush: to flush a serial port is to
/// wait for the device, for ever if it does not listen.
pub trait Line: Read + Write {
    /// No read and no write that follows may take longer than this. A line of its own that never waits has nothing to
    /// do.
    ///
    /// # Errors
    /// If the system refuses.
    fn limit(&mut self, time: Duration) -> io::Result<()> {
        let _ = time;
        Ok(())
    }
}

impl Line for UnixStream {
    fn limit(&mut self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

impl Line for TcpStream {
    fn limit(&mut self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

#[cfg(feature = "command")]
impl Line for Box<dyn serialport::SerialPort> {
    fn limit(&mut self, time: Duration) -> io::Result<()> {
        Ok(self.set_timeout(time)?)
    }
}

/// The time that one message may take, in however many pieces it comes.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    patience: Duration,
    /// `None`: so far off that no clock has a name for it.
    end: Option<Instant>,
}

impl Deadline {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, end: Instant::now().checked_add(patience) }
    }

    /// Reads what there is; never nothing.
    pub(super) fn read<L: Line>(self, line: &mut L, buffer: &mut [u8]) -> Result<usize, Error> {
        match self.keep(line, |line| line.read(buffer))? {
            0 => Err(Error::Closed),
            count => Ok(count),
        }
    }

    /// Writes everything.
    pub(super) fn write<L: Line>(self, line: &mut L, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            match self.keep(line, |line| line.write(bytes))? {
                0 => return Err(Error::Closed),
                count => bytes = bytes.get(count..).unwrap_or_default(),
            }
        }
        Ok(())
    }

    /// Lets the line do something in the time that is left.
    fn keep<L: Line>(
        self,
        line: &mut L,
        mut act: impl FnMut(&mut L) -> io::Result<usize>,
    ) -> Result<usize, Error> {
        loop {
            let left = self.end.map_or(self.patience, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(Error::TimedOut(self.patience));
            }
            line.limit(left)?;
            match act(line) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Err(Error::TimedOut(self.patience));
                }
                result => return Ok(result?),
            }
        }
    }
}
