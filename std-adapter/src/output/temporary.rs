//! Files that are complete before they have their name, and what a signal does to those that are not.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::thread;

use signal_hook::consts::{SIGABRT, SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::{flag, low_level};
use tempfile::TempPath;

use super::directory_of;

/// The one temporary file that there is at a time. Whoever takes it out removes it, or gives it its name.
static UNFINISHED: Mutex<Option<TempPath>> = Mutex::new(None);

/// Signals that end a program and can be waited for.
const ENDING: [i32; 3] = [SIGTERM, SIGINT, SIGHUP];

fn unfinished() -> MutexGuard<'static, Option<TempPath>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a file completely or not at all: under another name in the same directory first, then renamed.
pub(super) fn replace(place: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    remove_on_signals()?;
    let mut temporary = Temporary::beside(place)?;
    write(&mut temporary.file)?;
    temporary.persist(place)
}

struct Temporary {
    file: File,
}

impl Temporary {
    fn beside(place: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".segmeter-");
        // A temporary file is private to its owner; the file that it becomes is an ordinary one.
        builder.permissions(Permissions::from_mode(0o666));
        // Locked, so that no signal comes between the file and the note of it.
        let mut unfinished = unfinished();
        let (file, path) = builder.tempfile_in(directory_of(place))?.into_parts();
        *unfinished = Some(path);
        Ok(Self { file })
    }

    fn persist(self, place: &Path) -> io::Result<()> {
        match fs::symlink_metadata(place) {
            Ok(found) if found.is_file() => self.resemble(&found)?,
            Ok(_) => return Err(io::Error::other("something else than a file has taken its place")),
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        self.file.sync_all()?;
        let mut unfinished = unfinished();
        unfinished.take().map_or(Ok(()), |path| path.persist(place)).map_err(|e| e.error)
    }

    /// Takes over the owner, where that is allowed, and the permissions of the file that is replaced.
    fn resemble(&self, replaced: &Metadata) -> io::Result<()> {
        let own = self.file.metadata()?;
        if (own.uid(), own.gid()) != (replaced.uid(), replaced.gid()) {
            // Only the superuser may give files away.
            let _ = fchown(&self.file, Some(replaced.uid()), Some(replaced.gid()));
        }
        self.file.set_permissions(Permissions::from_mode(replaced.mode() & 0o777))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        unfinished().take();
    }
}

/// Has a thread wait for signals: it removes the temporary file, then lets the signal do what it does by itself.
fn remove_on_signals() -> io::Result<()> {
    static WAITING: OnceLock<()> = OnceLock::new();
    if WAITING.get().is_some() {
        return Ok(());
    }
    let (ready, is_ready) = mpsc::channel();
    // The thread comes first: signals that nobody waits for would be lost.
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let ignored = ignored();
        let caught = ENDING.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let mut signals = match Signals::new(caught) {
            Ok(signals) => signals,
            Err(e) => return ready.send(Err(e)).unwrap_or_default(),
        };
        let _ = ready.send(Ok(()));
        for signal in signals.forever() {
            // Kept until the program ends: no other file is begun.
            let mut unfinished = unfinished();
            unfinished.take();
            let _ = low_level::emulate_default_handler(signal);
        }
    })?;
    is_ready.recv().map_err(io::Error::other)??;
    WAITING.get_or_init(|| ());
    Ok(())
}

/// Signals that whoever started this program has it ignore, as `nohup` does with SIGHUP: they stay ignored. Where the
/// system does not tell, SIGHUP is taken as one of them.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(1 << (SIGHUP - 1))
}

/// Signals of limits of the system: see [`super::prepare`].
pub(super) fn catch_limits() {
    // Where they cannot be caught, they do what they do by themselves.
    let _ = flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    let _ = flag::register_conditional_shutdown(SIGABRT, 2, Arc::new(AtomicBool::new(true)));
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::os::unix::process::ExitStatusExt;
    use std::path::PathBuf;
    use std::process::{Command, Stdio};

    use super::*;

    const PLACE: &str = "SEGMETER_TEST_PLACE";

    /// Not a test by itself: half a file, and then nothing more until a signal comes.
    #[test]
    fn half_a_file() {
        let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
        let _ = replace(&place, |out| {
            out.write_all(b"half")?;
            println!("\nhalf is written");
            io::stdin().read_to_end(&mut Vec::new()).map(drop)
        });
    }

    /// Sends signals to a program that has written half a file, in a shell that has prepared something first.
    fn ends_by(prepared: &str, signals: &[i32], expected: i32) {
        let directory = tempfile::tempdir().unwrap();
        let files = || fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().file_name());
        let place = directory.path().join("out");
        fs::write(&place, "whole").unwrap();
        let line = format!("{prepared}exec \"$0\" --exact output::temporary::tests::half_a_file --nocapture");
        let mut child = Command::new("sh")
            .args(["-c", &line])
            .arg(std::env::current_exe().unwrap())
            .env(PLACE, &place)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "half is written"));
        assert_eq!(files().count(), 2, "the temporary file is beside the old one");
        for signal in signals {
            let kill = Command::new("sh").arg("-c").arg(format!("kill -{signal} {}", child.id())).status();
            assert!(kill.unwrap().success());
        }
        let stdin = child.stdin.take();
        let status = child.wait().unwrap();
        drop(stdin);
        assert_eq!(status.signal(), Some(expected), "{status}");
        assert_eq!(files().collect::<Vec<_>>(), ["out"]);
        assert_eq!(fs::read_to_string(&place).unwrap(), "whole");
    }

    #[test]
    fn a_signal_leaves_nothing_behind() {
        // What this program was started to ignore, its children ignore as well.
        let heard = ENDING.into_iter().filter(|signal| ignored() & (1 << (signal - 1)) == 0);
        heard.for_each(|signal| ends_by("", &[signal], signal));
    }

    #[test]
    fn a_signal_that_is_ignored_stays_so() {
        ends_by("trap '' HUP; ", &[SIGHUP, SIGTERM], SIGTERM);
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("out");
        let failed = replace(&place, |_| Err(io::Error::other("no"))).unwrap_err();
        assert_eq!((failed.to_string().as_str(), fs::read_dir(directory.path()).unwrap().count()), ("no", 0));
    }
}
