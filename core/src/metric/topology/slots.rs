//! Which runs of two rows are of one component.

/// Union-find over the runs of two rows: the row before in the first half, this row in the second.
///
/// The root of a component that this row touches is its first run there.
#[derive(Debug)]
pub(super) struct Slots<'a> {
    pub(super) parent: &'a mut [u16],
    pub(super) area: &'a mut [u16],
    /// Corners, convex less concave, as the bits of an `i16`.
    pub(super) corners: &'a mut [u16],
    pub(super) half: usize,
}

impl Slots<'_> {
    pub(super) fn open(&mut self, slot: usize) {
        self.set(slot, slot, 0, 0);
    }

    fn set(&mut self, slot: usize, parent: usize, area: u16, corners: i16) {
        let cells = (self.parent.get_mut(slot), self.area.get_mut(slot), self.corners.get_mut(slot));
        if let (Some(a), Some(b), Some(c)) = cells {
            (*a, *b, *c) = (parent as u16, area, corners.cast_unsigned());
        }
    }

    pub(super) fn of(&self, slot: usize) -> (u16, i16) {
        let of = |values: &[u16]| values.get(slot).copied().unwrap_or(0);
        (of(self.area), of(self.corners).cast_signed())
    }

    fn parent(&self, slot: usize) -> usize {
        self.parent.get(slot).map_or(slot, |parent| usize::from(*parent))
    }

    pub(super) fn is_root(&self, slot: usize) -> bool {
        self.parent(slot) == slot
    }

    fn find(&mut self, mut slot: usize) -> usize {
        for _ in 0..self.parent.len() {
            let parent = self.parent(slot);
            if parent == slot {
                break;
            }
            let next = self.parent(parent);
            if let Some(cell) = self.parent.get_mut(slot) {
                *cell = next as u16;
            }
            slot = next;
        }
        slot
    }

    #[inline(always)]
    pub(super) fn grow(&mut self, slot: usize) {
        if let Some(area) = self.area.get_mut(slot) {
            *area = area.saturating_add(1);
        }
    }

    #[inline(always)]
    pub(super) fn turn(&mut self, slot: usize, corners: i16) {
        if let Some(cell) = self.corners.get_mut(slot) {
            *cell = cell.cast_signed().saturating_add(corners).cast_unsigned();
        }
    }

    pub(super) fn unite(&mut self, before: usize, now: usize) {
        let (a, b) = (self.find(before), self.find(now));
        if a == b {
            return;
        }
        let (root, child) = match (a < self.half, b < self.half) {
            (true, false) => (b, a),
            (false, true) => (a, b),
            _ => (a.min(b), a.max(b)),
        };
        if let Some(parent) = self.parent.get_mut(child) {
            *parent = root as u16;
        }
    }

    /// Gives what runs have to their roots.
    pub(super) fn gather(&mut self, slots: core::ops::Range<usize>) {
        for slot in slots {
            let root = self.find(slot);
            if root != slot {
                let ((area, corners), (sum, turns)) = (self.of(slot), self.of(root));
                let parent = self.parent(slot);
                self.set(slot, parent, 0, 0);
                self.set(root, root, sum.saturating_add(area), turns.saturating_add(corners));
            }
        }
    }

    /// Makes this row the row before.
    pub(super) fn settle(&mut self, runs: usize) {
        for run in 0..runs {
            let root = self.find(self.half + run).wrapping_sub(self.half);
            let (area, corners) = self.of(self.half + run);
            self.set(run, root, area, corners);
        }
    }
}
