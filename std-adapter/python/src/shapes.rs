//! Contours, components and skeletons of classes, image by image.

use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use segmeter::core::Result;
use segmeter::core::metric::surface::{BoundaryIou, Matching, Spacing, Surface, Trimap};
use segmeter::core::metric::topology::Connectivity;
use segmeter::core::metric::{Empties, Empty, Mean, Score};
use segmeter::core::plane::Bits;
use segmeter::core::view::Shape;
use segmeter::means::ImageMean;
use segmeter::shapes::{Asked, ClassMask, of_class, surface_keys, topology_keys};

use crate::refused;

/// What another process goes on with: a mean's sum, how many values it has, how many were undefined, whether it is too large.
type Parts = (i128, u64, u64, bool);

/// Images, and every mean in parts: of classes, and over them.
type State = (u64, Vec<Vec<Parts>>, Vec<(Parts, u64, bool)>);

/// Metrics of shape of the classes of images: means that are exact in any order.
#[pyclass(module = "segmeter._segmeter")]
pub(crate) struct Shapes {
    classes: usize,
    /// Classes from this one are measured.
    first: usize,
    ignore: u8,
    surface: Surface,
    trimap_radius: f64,
    connectivity: Connectivity,
    keys: Vec<&'static str>,
    images: u64,
    /// Of every metric of every class.
    of_class: Vec<Vec<Mean>>,
    of_all: Vec<ImageMean>,
}

#[pymethods]
impl Shapes {
    #[new]
    #[allow(clippy::too_many_arguments, reason = "Python's side names them")]
    fn new(
        family: &str,
        metrics: Option<Vec<String>>,
        classes: usize,
        ignore: u8,
        background: bool,
        tolerance: f64,
        spacing: (f64, f64),
        trimap_radius: f64,
        connectivity: u8,
    ) -> PyResult<Self> {
        if !(2..=255).contains(&classes) {
            return Err(refused(format!("classes: found {classes}, expected 2 to 255")));
        }
        let all: Vec<&'static str> = match family {
            "surface" => surface_keys().collect(),
            // Of the road's graph alone, by its own metric.
            _ => topology_keys().filter(|key| *key != "apls").collect(),
        };
        let asked = metrics.unwrap_or_else(|| all.iter().map(|key| (*key).to_owned()).collect());
        let known = |name: &String| {
            let found = all.iter().find(|key| *key == name);
            found.ok_or_else(|| {
                refused(format!("metrics: found `{name}`, expected some of {}", all.join(", ")))
            })
        };
        let asked: Vec<&str> = asked.iter().map(|name| known(name).copied()).collect::<PyResult<_>>()?;
        for (name, value) in [("tolerance", tolerance), ("trimap_radius", trimap_radius)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(refused(format!(
                    "{name}: found {value}, expected a finite number that is not negative"
                )));
            }
        }
        let connectivity = match connectivity {
            4 => Connectivity::Four,
            8 => Connectivity::Eight,
            other => return Err(refused(format!("connectivity: found {other}, expected 4 or 8"))),
        };
        let (down, right) = spacing;
        let spacing = Spacing::new(down, right).map_err(|error| refused(format!("spacing: {error}")))?;
        let keys: Vec<&'static str> = all.iter().copied().filter(|key| asked.contains(key)).collect();
        Ok(Self {
            classes,
            first: usize::from(!background),
            ignore,
            surface: Surface { tolerance, spacing, ..Surface::SEGMETER },
            trimap_radius,
            connectivity,
            images: 0,
            of_class: vec![vec![Mean::default(); keys.len()]; classes],
            of_all: vec![ImageMean::default(); keys.len()],
            keys,
        })
    }

    /// Adds an image; nothing is added if it is refused.
    fn push(
        &mut self,
        py: Python<'_>,
        predictions: PyReadonlyArray1<'_, u8>,
        labels: PyReadonlyArray1<'_, u8>,
        height: usize,
        width: usize,
    ) -> PyResult<()> {
        let (predictions, labels) = (predictions.as_slice()?, labels.as_slice()?);
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let shape =
            Shape::new(side(height), side(width)).map_err(|error| refused(format!("labels: {error}")))?;
        let is_strange = |id: &u8| usize::from(*id) >= self.classes && *id != self.ignore;
        if let Some((place, id)) = labels.iter().enumerate().find(|(_, id)| is_strange(id)) {
            let (last, line) = (self.classes - 1, "of pixels that are not scored say");
            return Err(refused(format!(
                "labels: found id {id} at place {place}, expected 0 to {last}; {line} ignore={id}"
            )));
        }
        let measured = py
            .detach(|| self.measured(Image { shape, predictions, labels, ignore: self.ignore }))
            .map_err(|error| refused(format!("labels: {error}")))?;
        for (class, scores) in &measured {
            self.of_class[*class].iter_mut().zip(scores).for_each(|(mean, score)| mean.push(*score));
        }
        for (place, mean) in self.of_all.iter_mut().enumerate() {
            mean.push(measured.iter().map(|(_, scores)| scores[place]));
        }
        self.images += 1;
        Ok(())
    }

    fn merge(&mut self, other: &Self) -> PyResult<()> {
        let settings =
            |of: &Self| (of.classes, of.first, of.ignore, of.trimap_radius.to_bits(), of.connectivity);
        if settings(self) != settings(other) || self.keys != other.keys || self.surface != other.surface {
            return Err(refused("merge: the other has other metrics or settings"));
        }
        self.images += other.images;
        let classes = self.of_class.iter_mut().flatten().zip(other.of_class.iter().flatten());
        classes.for_each(|(all, more)| all.merge(more));
        self.of_all.iter_mut().zip(&other.of_all).for_each(|(all, more)| all.merge(more));
        Ok(())
    }

    fn clear(&mut self) {
        self.images = 0;
        self.of_class.iter_mut().flatten().for_each(|mean| *mean = Mean::default());
        self.of_all.fill(ImageMean::default());
    }

    /// The mean of every metric over the images, by class; over classes and images; and how often it had no value.
    #[allow(clippy::type_complexity, reason = "three dictionaries")]
    fn compute<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Vec<Bound<'py, PyDict>>, Bound<'py, PyDict>, Bound<'py, PyDict>, u64)> {
        let of = |means: &Vec<Mean>| {
            let values = PyDict::new(py);
            for (key, mean) in self.keys.iter().zip(means) {
                values.set_item(key, mean.value().filter(|_| !mean.saturated()))?;
            }
            Ok(values)
        };
        let classes = self.of_class.iter().map(of).collect::<PyResult<_>>()?;
        let (means, undefined) = (PyDict::new(py), PyDict::new(py));
        for (key, mean) in self.keys.iter().zip(&self.of_all) {
            means.set_item(key, mean.value())?;
            undefined.set_item(key, mean.undefined())?;
        }
        Ok((classes, means, undefined, self.images))
    }

    /// What another process goes on with.
    fn state(&self) -> State {
        let of_class = self.of_class.iter().map(|class| class.iter().map(Mean::parts).collect()).collect();
        let of_all = self.of_all.iter().map(|mean| {
            let (images, undefined, has_infinite) = mean.parts();
            (images.parts(), undefined, has_infinite)
        });
        (self.images, of_class, of_all.collect())
    }

    /// The reverse of `state`.
    fn set_state(
        &mut self,
        images: u64,
        of_class: Vec<Vec<Parts>>,
        of_all: Vec<(Parts, u64, bool)>,
    ) -> PyResult<()> {
        let keys = self.keys.len();
        if of_class.len() != self.classes
            || of_class.iter().any(|class| class.len() != keys)
            || of_all.len() != keys
        {
            return Err(refused("state: is of other metrics or another number of classes"));
        }
        self.images = images;
        let class = |class: Vec<Parts>| class.into_iter().map(Mean::from_parts).collect();
        self.of_class = of_class.into_iter().map(class).collect();
        let all = |(parts, undefined, has_infinite)| {
            ImageMean::from_parts((Mean::from_parts(parts), undefined, has_infinite))
        };
        self.of_all = of_all.into_iter().map(all).collect();
        Ok(())
    }
}

impl Shapes {
    fn measured(&self, image: Image<'_>) -> Result<Vec<(usize, Vec<Score>)>> {
        let classes = (self.first..self.classes).filter(|class| *class != usize::from(self.ignore));
        classes.map(|class| Ok((class, self.of(&image, class as u8)?))).collect()
    }

    /// What is wanted of a class, in the order of the keys.
    fn of(&self, image: &Image<'_>, class: u8) -> Result<Vec<Score>> {
        let shape = image.shape;
        let (surface, wants) = (self.surface, |key: &str| self.keys.contains(&key));
        let asked = Asked {
            wants: &wants,
            surface,
            boundary: BoundaryIou {
                frame_counts: false,
                ..BoundaryIou::of_diagonal(BoundaryIou::COCO, shape)
            },
            matching: Matching { spacing: surface.spacing, ..Matching::new(surface.tolerance) },
            trimap: Trimap::new(self.trimap_radius),
            connectivity: self.connectivity,
            min_area: 0,
            // What finds nothing must not leave the mean.
            centreline_empties: Empties::new(Empty::Undefined, Empty::Zero),
            apls: None,
        };
        let is_there = image.has(class);
        let mask = if is_there { image.mask(class)? } else { ClassMask::nothing()? };
        of_class(&asked, &mask, is_there)
    }
}

/// An image of class ids.
struct Image<'a> {
    shape: Shape,
    predictions: &'a [u8],
    labels: &'a [u8],
    ignore: u8,
}

impl Image<'_> {
    /// Whether a class is in the labels or the scored predictions.
    fn has(&self, class: u8) -> bool {
        let mut pixels = self.predictions.iter().zip(self.labels);
        pixels.any(|(prediction, label)| *label != self.ignore && (*label == class || *prediction == class))
    }

    /// A class against the rest.
    fn mask(&self, class: u8) -> Result<ClassMask> {
        let words = |is_set: &dyn Fn(usize) -> bool| {
            let mut words = vec![0; Bits::words(self.shape)];
            Bits::new(self.shape, &mut words, is_set)?;
            Ok(words)
        };
        let is_scored = |pixel: usize| self.labels[pixel] != self.ignore;
        let predicted = words(&|pixel| self.predictions[pixel] == class)?;
        let labels = words(&|pixel| self.labels[pixel] == class && is_scored(pixel))?;
        Ok(ClassMask::new(self.shape, predicted, labels, words(&is_scored)?))
    }
}
