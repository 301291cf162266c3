//! Intervals of what was measured on frames that resemble their neighbours.

use super::packs::Estimate;

/// Times that frames are drawn anew.
const DRAWS: usize = 2000;

/// Frames in groups, each with the length of the blocks that are drawn from it.
pub(crate) struct Groups<T> {
    groups: [(Vec<T>, usize); 3],
}

impl<T> Groups<T> {
    pub(crate) fn new(groups: [Vec<T>; 3], lengths: [usize; 3]) -> Self {
        let mut lengths = lengths.into_iter();
        Self { groups: groups.map(|group| (group, lengths.next().unwrap_or(1))) }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.groups.iter().flat_map(|(group, _)| group)
    }

    /// A number of all frames, and the 2.5 and 97.5 % quantiles of it over frames drawn in circular blocks (Politis and
    /// Romano 1992), each group as often as it is there. Draws without a value are left out.
    pub(crate) fn estimate(&self, of: impl Fn(&[&T]) -> f64) -> Estimate {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut below = |n: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ((state >> 33) as usize) % n
        };
        let mut draws: Vec<f64> = Vec::with_capacity(DRAWS);
        for _ in 0..DRAWS {
            let mut drawn = Vec::new();
            for (group, length) in &self.groups {
                let target = drawn.len() + group.len();
                while drawn.len() < target {
                    let start = below(group.len());
                    let block = (start..start + length).map(|at| &group[at % group.len()]);
                    drawn.extend(block.take(target - drawn.len()));
                }
            }
            draws.push(of(&drawn));
        }
        draws.retain(|value| value.is_finite());
        draws.sort_by(f64::total_cmp);
        let quantile = |share: f64| draws[((draws.len() - 1) as f64 * share).round() as usize];
        Estimate { value: of(&self.all().collect::<Vec<_>>()), interval: [quantile(0.025), quantile(0.975)] }
    }
}
