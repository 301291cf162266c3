//! Class ids that are counted as they are decoded.

use std::collections::BTreeSet;
use std::path::Path;

use segmeter::files::{self, Elements, png::Rows};

use super::super::count::{Counter, Counts};
use super::{IGNORED, Reader};
use crate::command::input::Ids;

impl Reader {
    /// The pixels of an image by label and prediction, both of which are decoded row by row. `None` where they are not to be had
    /// like this, and where something is wrong with them: [`Reader::pair`] tells what.
    pub(in crate::command::eval) fn counts(&self, image: usize, counter: &mut Counter) -> Option<Counts> {
        let slot = *self.slots.get(image).filter(|_| self.has_rows)?;
        let prediction = png(self.source.file(slot.index))?;
        let labels = png(self.labels.file(&self.source, slot))?;
        let (mut prediction, mut labels) = (Rows::new(&prediction)?, Rows::new(&labels)?);
        let shape = prediction.shape();
        if labels.shape() != shape {
            return None;
        }
        let counted = (0..shape.height()).try_for_each(|_| {
            counter.bytes(prediction.next_row()?, labels.next_row()?);
            Some(())
        });
        let bytes = counter.take();
        counted.filter(|()| prediction.is_whole() && labels.is_whole())?;
        // What becomes of an id is asked once, and of none that is not there.
        let predicted = table(&bytes, |(_, id, _)| id, |ids| self.mask(slot, Ids::of(ids).ok()?).ok())?;
        let labelled = table(&bytes, |(id, ..)| id, |ids| self.labels.meanings(ids, IGNORED))?;
        Some(counter.renamed(&bytes, &labelled, &predicted))
    }
}

/// The bytes of a file that is called a PNG.
fn png(file: &Path) -> Option<Vec<u8>> {
    file.extension().filter(|extension| extension.eq_ignore_ascii_case("png"))?;
    files::read(file).ok()
}

/// What bytes of one side stand for.
fn table(
    counts: &Counts,
    side: impl Fn((u16, u16, u64)) -> u16,
    ids: impl Fn(Elements) -> Option<Ids<u16>>,
) -> Option<Vec<u16>> {
    let bytes: BTreeSet<u8> = counts.each().filter_map(|cell| side(cell).try_into().ok()).collect();
    let mut table = vec![IGNORED; 1 << 8];
    let ids = ids(Elements::U8(bytes.iter().copied().collect()))?;
    bytes.iter().zip(ids.each().iter()).for_each(|(byte, id)| table[usize::from(*byte)] = *id);
    Some(table)
}
