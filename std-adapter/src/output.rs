//! Files that the command writes.
//!
//! A regular file is written completely or not at all; a symlink is followed to its target. Anything else, such as a pipe
//! or a device, is opened, written, and stays what it is. `-` is stdout.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use segmeter::files;

use crate::failure::Failure;

mod temporary;

/// Links that are followed, as many as Linux follows.
const MOST_LINKS: usize = 40;

/// Where a flag wants something written. Made before the work begins: better a refusal now than after hours of counting.
pub(crate) struct Output {
    path: PathBuf,
    target: Target,
}

enum Target {
    Stdout,
    /// A regular file, or one that is to be; no link.
    File(PathBuf),
    /// Open, so that whoever reads a pipe sees no end of it before it is written.
    Stream(File),
}

/// Opens what flags name. Two of them cannot be one file, nor can one be stdout if that has a JSON document, or a file that
/// is read: one of `inputs`, or an image of one that is a folder.
pub(crate) fn open<const N: usize>(
    flags: [(&str, &Option<PathBuf>); N],
    json: bool,
    inputs: &[PathBuf],
) -> Result<[Option<Output>; N], Failure> {
    let mut outputs = [const { None }; N];
    for place in 0..N {
        let (flag, Some(path)) = flags[place] else { continue };
        let output = Output::open(path)?;
        if json && output.is_stdout() {
            let line = "is stdout, where --json prints its document: name a file";
            return Err(Failure::Input(format!("{flag} {}: {line}", path.display())));
        }
        if let Some(input) = inputs.iter().find(|input| output.overwrites(input)) {
            let line = format!("would overwrite what is read from {}: name another file", input.display());
            return Err(Failure::Input(format!("{flag} {}: {line}", path.display())));
        }
        let same = (0..place).find(|other| outputs[*other].as_ref().is_some_and(|o: &Output| o.is(&output)));
        if let Some(other) = same.map(|other| flags[other].0) {
            let line = format!("found the same file for {other}, expected another one");
            return Err(Failure::Input(format!("{flag} {}: {line}", path.display())));
        }
        outputs[place] = Some(output);
    }
    Ok(outputs)
}

/// Whether one of the outputs is stdout: then nothing else is printed there.
pub(crate) fn take_stdout(outputs: &[&Option<Output>]) -> bool {
    outputs.iter().copied().flatten().any(Output::is_stdout)
}

/// What limits of the system would end without a word: a file that grows beyond its limit is an error of writing, and
/// memory that is not there, of which the standard library prints a line, is exit code 2.
pub(crate) fn prepare() {
    temporary::catch_limits();
}

impl Output {
    fn open(path: &Path) -> Result<Self, Failure> {
        let target = target(path).map_err(|e| refused(path, &e))?;
        Ok(Self { path: path.to_owned(), target })
    }

    fn is_stdout(&self) -> bool {
        matches!(self.target, Target::Stdout)
    }

    fn is(&self, other: &Self) -> bool {
        match (&self.target, &other.target) {
            (Target::Stdout, Target::Stdout) => true,
            (Target::File(one), Target::File(other)) => one == other,
            _ => false,
        }
    }

    /// Whether a file that is there is this input, or an image in it.
    fn overwrites(&self, input: &Path) -> bool {
        let Target::File(place) = &self.target else { return false };
        let identity = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
        let Some(there) = identity(place) else { return false };
        let is_it = |path: &Path| identity(path) == Some(there);
        if !input.is_dir() {
            return is_it(input);
        }
        files::images(input).any(|image| is_it(&image))
    }

    /// Refuses what cannot be read again.
    pub(crate) fn is_kept(&self, flag: &str) -> Result<(), Failure> {
        match self.target {
            Target::File(_) => Ok(()),
            _ => {
                let line = "found stdout, a pipe or a device, expected a file, which is read again";
                Err(Failure::Input(format!("{flag} {}: {line}", self.path.display())))
            }
        }
    }

    /// Writes a regular file, which may be written again.
    pub(crate) fn save(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let written = match &self.target {
            Target::File(place) => temporary::replace(place, |file| buffered(file, write)),
            _ => Err(io::Error::other("found no file")),
        };
        written.map_err(|e| refused(&self.path, &e))
    }

    /// Writes what the flag asks for.
    pub(crate) fn write(
        self,
        stdout: &mut dyn Write,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let written = match self.target {
            Target::Stdout => return Ok(buffered(stdout, write)?),
            Target::File(place) => temporary::replace(&place, |file| buffered(file, write)),
            Target::Stream(file) => buffered(file, write),
        };
        written.map_err(|e| refused(&self.path, &e))
    }
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    Failure::Input(format!("{}: cannot be written: {error}", path.display()))
}

fn buffered(out: impl Write, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = BufWriter::new(out);
    write(&mut buffer)?;
    buffer.flush()
}

/// Looks at what is there, through links.
fn target(path: &Path) -> io::Result<Target> {
    if path.as_os_str() == "-" {
        return Ok(Target::Stdout);
    }
    match fs::metadata(path) {
        Ok(found) if is_stdout(&found) => Ok(Target::Stdout),
        Ok(found) if found.is_file() => {
            let place = end_of_links(path)?;
            if is_kernels(&place) {
                return stream(path).map(Target::Stream);
            }
            // A file that may not be written is not replaced either.
            OpenOptions::new().write(true).open(&place)?;
            file(place)
        }
        Ok(found) if found.is_dir() => {
            Err(io::Error::other("found a directory, expected a file or a new name"))
        }
        Ok(found) if found.file_type().is_block_device() || found.file_type().is_socket() => {
            Err(io::Error::other("found a disk or a socket, expected a file, a pipe or a terminal"))
        }
        Ok(found) => stream(path).map(Target::Stream).map_err(|e| match e.raw_os_error() {
            Some(code) if code == rustix::io::Errno::NXIO.raw_os_error() && found.file_type().is_fifo() => {
                io::Error::other("nobody reads this pipe (any more): its reader comes first, and stays")
            }
            _ => e,
        }),
        Err(e) if e.kind() == ErrorKind::NotFound => file(end_of_links(path)?),
        Err(e) => Err(e),
    }
}

/// Whether this is what stdout is connected to: what is written there by another name would be mixed with the rest.
fn is_stdout(found: &Metadata) -> bool {
    let stdout = io::stdout();
    // Other devices, such as /dev/null, take everything.
    let is_shared = !found.file_type().is_char_device() || stdout.is_terminal();
    let own = stdout.as_fd().try_clone_to_owned().and_then(|own| File::from(own).metadata());
    is_shared && own.is_ok_and(|own| (own.dev(), own.ino()) == (found.dev(), found.ino()))
}

/// A place beside which a temporary file can be made.
fn file(place: PathBuf) -> io::Result<Target> {
    tempfile::tempfile_in(directory_of(&place))?;
    Ok(Target::File(place))
}

/// The path at the end of links, whether or not something is there.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let name = path.file_name().filter(|_| !path.as_os_str().as_encoded_bytes().ends_with(b"/"));
        let name = name.ok_or_else(|| io::Error::other("expected the name of a file"))?;
        let place = fs::canonicalize(directory_of(&path))?.join(name);
        match fs::read_link(&place) {
            Ok(link) if !is_kernels(&place) => path = directory_of(&place).join(link),
            _ => return Ok(place),
        }
    }
    Err(io::Error::other("found too many symbolic links"))
}

/// Whether this is a link of the kernel to an open file (`/dev/stderr`, `/dev/fd/3`): what was written there stays.
fn is_kernels(place: &Path) -> bool {
    place.starts_with("/proc")
}

/// The directory of a file.
fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Opens what is there as it is. A pipe without a reader is an error rather than a long wait.
fn stream(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().append(true).custom_flags(flags).open(path)?;
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}
