//! IoU in which every instance counts the same, however large it is.

use super::Confusion;
use super::segment::Overlaps;

/// Fraction bits of a weighted count.
const FRACTION: u32 = 32;

/// Instance-weighted IoU of Cityscapes, `iTP / (iTP + FP + iFN)`.
///
/// The pixels of an instance count with the average size of its class over its own size. False positives have no
/// instance, and come unweighted from the matrix of pixels. Average sizes are areas: at half the height and width they
/// are a quarter. Weighted counts are kept in steps of 2^-32, so that images may come and merge in any order.
///
/// ```
/// use segmeter_core::metric::{Confusion, InstanceIou, Overlap, Overlaps, Segment};
/// let (road, car) = (Segment { category: 0, instance: 0 }, Segment { category: 1, instance: 1 });
/// let mut slots = [Overlap::EMPTY; 8];
/// let mut image = Overlaps::new(&mut slots);
/// image.push_row(&[car, car, road, car], &[car, car, car, road])?;
/// let mut instances = InstanceIou::<2>::new([0.0, 6.0]);
/// instances.push(&image);
/// let mut pixels = Confusion::<2>::new(255);
/// pixels.push_row(&[1, 1, 0, 1], &[1, 1, 1, 0])?;
/// assert_eq!(instances.iou(1, &pixels), Some(4.0 / (4.0 + 1.0 + 2.0)));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceIou<const C: usize> {
    averages: [f32; C],
    hits: [u128; C],
    misses: [u128; C],
    lost: u64,
}

impl<const C: usize> InstanceIou<C> {
    /// No image yet; `averages` are the average sizes of instances in pixels, below 2^32. A size that is not above zero
    /// means a class without instances.
    #[must_use]
    pub const fn new(averages: [f32; C]) -> Self {
        Self { averages, hits: [0; C], misses: [0; C], lost: 0 }
    }

    /// Adds an image. Labels with instance 0 have no instance: they are left out.
    pub fn push(&mut self, image: &Overlaps<'_>) {
        self.lost = self.lost.saturating_add(image.lost());
        image.each(
            |pair| pair.label,
            |segment| {
                if segment.instance == 0 {
                    return;
                }
                let pixels = image.area(|pair| pair.label == segment);
                let found = |category: u16| category == segment.category;
                let hits = image.area(|pair| pair.label == segment && found(pair.prediction.category));
                self.push_instance(segment.category.into(), pixels, hits);
            },
        );
    }

    /// Adds an instance of a class: its pixels, and how many of them are predicted to be of the class. Nothing for a class
    /// without instances.
    pub fn push_instance(&mut self, class: usize, pixels: u64, hits: u64) {
        let average = self.averages.get(class).copied().unwrap_or(0.0);
        if average.is_nan() || average <= 0.0 {
            return;
        }
        let pixels = pixels.max(1);
        // 16 bits behind the point, exact for what is printed of such sizes; 16 more of the quotient.
        let average = u128::from((average * 65536.0) as u64) << 16;
        let weighted = |count: u64| {
            let pixels = u128::from(pixels);
            (u128::from(count) * average + pixels / 2) / pixels
        };
        for (sums, count) in [(&mut self.hits, hits), (&mut self.misses, pixels.saturating_sub(hits))] {
            if let Some(sum) = sums.get_mut(class) {
                *sum = sum.saturating_add(weighted(count));
            }
        }
    }

    /// Adds other images.
    pub fn merge(&mut self, other: &Self) {
        self.lost = self.lost.saturating_add(other.lost);
        for (sums, others) in [(&mut self.hits, &other.hits), (&mut self.misses, &other.misses)] {
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum = sum.saturating_add(*other);
            }
        }
    }

    /// The IoU of a class, whose false positives are those of `pixels`, the matrix of the same images. `None` if the
    /// class has no instances, or nothing is labelled or predicted so.
    #[must_use]
    pub fn iou(&self, class: usize, pixels: &Confusion<C>) -> Option<f64> {
        let average = self.averages.get(class)?;
        let of = |sums: &[u128; C]| sums.get(class).copied().unwrap_or(0) as f64;
        let (hits, misses) = (of(&self.hits), of(&self.misses));
        let alarms = pixels.class(class).false_positive as f64 * (1_u64 << FRACTION) as f64;
        let union = hits + misses + alarms;
        (*average > 0.0 && union > 0.0).then(|| hits / union)
    }

    /// Pixels that found no slot, over all images.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }
}

/// Its sums as they are, of a class against the rest: serde has no arrays of any length.
#[cfg(feature = "serde")]
impl serde::Serialize for InstanceIou<2> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.averages, self.hits, self.misses, self.lost).serialize(to)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for InstanceIou<2> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (averages, hits, misses, lost) = serde::Deserialize::deserialize(from)?;
        Ok(Self { averages, hits, misses, lost })
    }
}
