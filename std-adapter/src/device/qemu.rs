//! A device without a device.

use std::io::{self, Read};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Error, PATIENCE};

/// The emulator, its name for a board, and what else it must be told. A board of the firmware that is not known here is a
/// machine of QEMU for Arm.
fn emulation(board: &str) -> (&'static str, &str, &'static [&'static str]) {
    match board {
        "riscv-virt" => ("qemu-system-riscv32", "virt", &["-bios", "none"]),
        arm => ("qemu-system-arm", arm, &[]),
    }
}

/// A device emulated by QEMU. Ends with this value.
pub struct Qemu {
    child: Child,
    emulator: &'static str,
    /// Holds the socket; removed at the end.
    _directory: tempfile::TempDir,
}

impl Qemu {
    /// Boots an image and returns the emulator with the line to its board.
    ///
    /// # Errors
    /// [`Error::Emulator`] says what is missing.
    pub fn start(elf: &Path, board: &str) -> Result<(Self, UnixStream), Error> {
        if let Err(error) = std::fs::File::open(elf) {
            return Err(Error::Emulator(format!("{}: cannot open the image: {error}", elf.display())));
        }
        let directory = tempfile::tempdir()?;
        let socket = directory.path().join("line");
        let listener = UnixListener::bind(&socket)?;
        listener.set_nonblocking(true)?;
        let (emulator, machine, more) = emulation(board);
        let child = Command::new(emulator)
            .args(["-M", machine])
            .args(more)
            .args(["-display", "none", "-monitor", "none", "-serial", "chardev:line"])
            .args(["-chardev", &format!("socket,id=line,path={}", socket.display())])
            // One instruction is one nanosecond of the board's time: its clock then counts instructions.
            .args(["-icount", "shift=0"])
            .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
            .arg(elf)
            .stdin(Stdio::null())
            // The image's defmt log, binary: not for this program's output.
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Error::Emulator(format!("{emulator} does not start: {error}")))?;
        let mut qemu = Self { child, emulator, _directory: directory };
        let deadline = Instant::now() + PATIENCE;
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false)?;
                    return Ok((qemu, stream));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
            if qemu.child.try_wait()?.is_some() || Instant::now() > deadline {
                return Err(Error::Emulator(qemu.last_words()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the image to end by itself; whether it ended well.
    ///
    /// # Errors
    /// If the emulator cannot be waited for.
    pub fn wait(mut self) -> Result<bool, Error> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(false)
    }

    /// What QEMU said when it ended.
    fn last_words(&mut self) -> String {
        let _ = self.child.kill();
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut said);
        }
        let line = said.lines().last().unwrap_or("it did not connect to its serial line");
        format!("{} ended: {line}", self.emulator)
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        // A board whose line was closed waits for ever.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
