//! What survives a cut of the power: the monitor's memory, in two sectors of any flash with an `embedded-storage` driver.
//!
//! Records are appended to one sector until it is full; only then is the other one erased and written from its start. So
//! there is always a whole record: a cut of the power at any byte, of a write or of an erasure, loses the record under way
//! and no other. A sector of 4 KiB takes several records before an erasure.
//!
//! A firmware that has its profile in flash starts and goes on like this:
//!
//! ```
//! # use segmeter_core::drift::Profile;
//! # use segmeter_firmware::{evaluator::{Evaluator, configuration}, persistence::{Error, Store}};
//! # use embedded_storage::nor_flash::NorFlash;
//! fn start<F: NorFlash>(
//!     evaluator: &mut Evaluator,
//!     profile: &Profile, // Profile::read(include_bytes!("road.profile"))
//!     store: &mut Store<F>,
//! ) -> Result<(), Error<F::Error>> {
//!     let mut record = [0; Profile::RECORD_LEN];
//!     let accepted = evaluator.configure(&configuration(profile, &mut record));
//!     debug_assert!(accepted.is_ok());
//!     let (_, number) = evaluator.monitor();
//!     evaluator.resume(store.restore(number)?);
//!     Ok(())
//! }
//!
//! fn after_a_block<F: NorFlash>(evaluator: &Evaluator, store: &mut Store<F>) -> Result<(), Error<F::Error>> {
//!     let (monitor, profile) = evaluator.monitor();
//!     store.save(profile, monitor)
//! }
//! ```
//!
//! A write every five minutes is 105,120 a year, which is what the endurance of the flash is to be held against.

use embedded_storage::nor_flash::NorFlash;
use segmeter_core::drift::{Monitor, Snapshot};

/// Room of a record: a multiple of every flash's smallest write.
const ROOM: usize = Snapshot::LEN.next_multiple_of(64);

/// Why a monitor was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// The sectors are not where this flash has two, or cannot hold a record, or the flash writes more than 64 bytes at
    /// once.
    Layout,
    /// The flash failed.
    Flash(E),
}

impl<E> From<E> for Error<E> {
    fn from(error: E) -> Self {
        Self::Flash(error)
    }
}

/// Two sectors of a flash.
pub struct Store<F> {
    flash: F,
    /// Where they begin.
    sectors: [u32; 2],
    /// The sector and the place in it that come next.
    next: (usize, u32),
    sequence: u32,
}

impl<F: NorFlash> Store<F> {
    /// The store in two sectors that begin at these addresses. Nothing is read or written yet.
    ///
    /// # Errors
    /// [`Error::Layout`].
    pub fn new(flash: F, sectors: [u32; 2]) -> Result<Self, Error<F::Error>> {
        let [first, second] = sectors;
        let sector = F::ERASE_SIZE as u32;
        let fits = |size: usize| size != 0 && ROOM.checked_rem(size) == Some(0);
        let within = |start: u32| {
            start.checked_rem(sector) == Some(0) && start as usize + F::ERASE_SIZE <= flash.capacity()
        };
        let good = F::ERASE_SIZE >= ROOM && fits(F::WRITE_SIZE) && fits(F::READ_SIZE);
        if !good || first == second || !within(first) || !within(second) {
            return Err(Error::Layout);
        }
        Ok(Self { flash, sectors, next: (0, Self::places()), sequence: 0 })
    }

    /// Records that fit a sector.
    const fn places() -> u32 {
        (F::ERASE_SIZE / ROOM) as u32
    }

    /// The monitor as it was kept last, if it was made with this profile ([`segmeter_core::drift::Profile::fingerprint`]).
    /// Otherwise a new one, which says so if there was anything at all in the flash
    /// ([`segmeter_core::drift::Reasons::STATE_LOST`]).
    ///
    /// # Errors
    /// [`Error::Flash`].
    pub fn restore(&mut self, profile: u32) -> Result<Monitor, Error<F::Error>> {
        let mut newest: Option<(Snapshot, (usize, u32))> = None;
        let mut written = false;
        for sector in 0..self.sectors.len() {
            for place in 0..Self::places() {
                let bytes = self.read((sector, place))?;
                written |= bytes.iter().any(|byte| *byte != 0xff);
                let Ok(found) = Snapshot::read(&bytes) else { continue };
                if newest.as_ref().is_none_or(|(newest, _)| found.is_newer(newest)) {
                    newest = Some((found, (sector, place)));
                }
            }
        }
        // Without a record, the first one begins a sector.
        self.next = newest.as_ref().map_or((0, Self::places()), |(_, (sector, place))| (*sector, place + 1));
        self.sequence = newest.as_ref().map_or(0, |(newest, _)| newest.sequence);
        Ok(match newest {
            Some((snapshot, _)) if snapshot.profile == profile => snapshot.monitor,
            _ if written => Monitor::lost(),
            _ => Monitor::new(),
        })
    }

    /// Keeps a monitor; `profile` is [`segmeter_core::drift::Profile::fingerprint`]. After [`Store::restore`], and at the
    /// end of a block.
    ///
    /// # Errors
    /// [`Error::Flash`]: the record before it still counts.
    pub fn save(&mut self, profile: u32, monitor: &Monitor) -> Result<(), Error<F::Error>> {
        let sequence = self.sequence.wrapping_add(1);
        let mut bytes = [0xff; ROOM];
        if let Some(record) = bytes.get_mut(..Snapshot::LEN) {
            // The length is right, the one thing that can be wrong.
            let _ = Snapshot { sequence, profile, monitor: *monitor }.write(record);
        }
        let place = self.free_place()?;
        // What was begun here, however it ends, is not free any more.
        self.next = (place.0, place.1 + 1);
        let address = self.address(place);
        self.flash.write(address, &bytes)?;
        self.sequence = sequence;
        Ok(())
    }

    /// The next place that is blank: what a cut left of a record cannot be written over. A full sector gives way to the
    /// other one, which is erased.
    fn free_place(&mut self) -> Result<(usize, u32), Error<F::Error>> {
        let (sector, from) = self.next;
        for place in from..Self::places() {
            if self.read((sector, place))?.iter().all(|byte| *byte == 0xff) {
                return Ok((sector, place));
            }
        }
        let other = sector ^ 1;
        let start = self.address((other, 0));
        self.flash.erase(start, start + F::ERASE_SIZE as u32)?;
        Ok((other, 0))
    }

    fn read(&mut self, place: (usize, u32)) -> Result<[u8; ROOM], Error<F::Error>> {
        let mut bytes = [0; ROOM];
        let address = self.address(place);
        self.flash.read(address, &mut bytes)?;
        Ok(bytes)
    }

    fn address(&self, (sector, place): (usize, u32)) -> u32 {
        self.sectors.get(sector).copied().unwrap_or(0) + place * ROOM as u32
    }
}

#[cfg(test)]
mod tests;
