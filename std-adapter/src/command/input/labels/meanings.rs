//! What ids of a file stand for, whatever their pixels.

use segmeter::files::Elements;

use super::{Id, LabelReader};
use crate::command::input::Ids;

impl LabelReader {
    /// Some ids of a file as [`LabelReader::ids_but`] has them. `None` if a mask says which pixels are scored, or one is refused.
    pub(in crate::command) fn meanings<T: Id>(&self, ids: Elements, ignore: T) -> Option<Ids<T>> {
        let ids = Ids::of(ids).ok().filter(|_| self.valid.is_none())?;
        self.scored(ids, None, ignore, |place| place).ok()
    }
}
