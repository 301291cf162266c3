//! Which runs of two rows are of one component.

/// Union-find over the runs of two rows: the row before in the first half, this row in the second.
///
/// The root of a component that this row touches is its first run there.
#[derive(Debug)]
pub(super) struct Slots<'a> {
    /// The parent in the lower half, the bits of the Euler number, an `i16`, in the upper.
    pub(super) links: &'a mut [u32],
    pub(super) area: &'a mut [u32],
    pub(super) half: usize,
}

impl Slots<'_> {
    /// A run of its own.
    pub(super) fn open(&mut self, slot: usize, pixels: usize) {
        self.set(slot, slot, pixels as u32, 1);
    }

    /// Takes what a run touches from its Euler number.
    pub(super) fn close(&mut self, slot: usize, touching: u16) {
        let (parent, (area, euler)) = (self.parent(slot), self.of(slot));
        self.set(slot, parent, area, euler.saturating_sub_unsigned(touching));
    }

    fn set(&mut self, slot: usize, parent: usize, area: u32, euler: i16) {
        if let (Some(link), Some(cell)) = (self.links.get_mut(slot), self.area.get_mut(slot)) {
            *link = u32::from(parent as u16) | u32::from(euler.cast_unsigned()) << 16;
            *cell = area;
        }
    }

    /// Pixels and Euler number.
    pub(super) fn of(&self, slot: usize) -> (u32, i16) {
        let of = |values: &[u32]| values.get(slot).copied().unwrap_or(0);
        (of(self.area), ((of(self.links) >> 16) as u16).cast_signed())
    }

    fn parent(&self, slot: usize) -> usize {
        self.links.get(slot).map_or(slot, |link| usize::from(*link as u16))
    }

    fn hang(&mut self, slot: usize, parent: usize) {
        if let Some(link) = self.links.get_mut(slot) {
            *link = *link & 0xffff_0000 | u32::from(parent as u16);
        }
    }

    pub(super) fn is_root(&self, slot: usize) -> bool {
        self.parent(slot) == slot
    }

    fn find(&mut self, mut slot: usize) -> usize {
        for _ in 0..self.links.len() {
            let parent = self.parent(slot);
            if parent == slot {
                break;
            }
            let next = self.parent(parent);
            self.hang(slot, next);
            slot = next;
        }
        slot
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
        self.hang(child, root);
    }

    /// Gives what runs have to their roots.
    pub(super) fn gather(&mut self, slots: core::ops::Range<usize>) {
        for slot in slots {
            let root = self.find(slot);
            if root != slot {
                let ((area, euler), (sum, total)) = (self.of(slot), self.of(root));
                let parent = self.parent(slot);
                self.set(slot, parent, 0, 0);
                self.set(root, root, sum.saturating_add(area), total.saturating_add(euler));
            }
        }
    }

    /// Makes this row the row before.
    pub(super) fn settle(&mut self, runs: usize) {
        for run in 0..runs {
            let root = self.find(self.half + run).wrapping_sub(self.half);
            let (area, euler) = self.of(self.half + run);
            self.set(run, root, area, euler);
        }
    }
}
