//! The Lovász losses by name.

use super::FAMILY;
use super::{LovaszClasses, LovaszHinge, LovaszSoftmax};
use crate::error::Result;
use crate::loss::entry::{CHANNELS, Entry, Listed, Parameter, Values};

pub(in crate::loss) const LOVASZ_HINGE: Listed<LovaszHinge> = Listed {
    entry: Entry {
        name: "lovasz_hinge",
        synonyms: &["hinge"],
        passes: "1, a sort by 3 digits",
        inputs: CHANNELS,
        scratch: "u32[4*pixels+6144]",
        definition: "Lovasz extension of the Jaccard loss of the errors max(0, 1-(2g-1)z), exact; of equal errors the gradient takes the first pixel first, of 8 bits the foreground",
        reference: "Berman et al. 2018",
        ..FAMILY
    },
    make: |_| Ok(LovaszHinge),
};

pub(in crate::loss) const LOVASZ_SIGMOID: Listed<LovaszSoftmax> = Listed {
    entry: Entry {
        name: "lovasz_sigmoid",
        passes: "1 + 1, a sort by 3 digits",
        inputs: CHANNELS,
        scratch: "u32[10*pixels+6144]",
        parameters: &[Parameter::word("classes", "all", "present, all", "all: also without foreground")],
        definition: "Lovasz extension of the Jaccard loss of the errors |g - p|, exact; of equal errors the gradient takes the first pixel first, of 8 bits the foreground",
        reference: "Berman et al. 2018",
        ..FAMILY
    },
    make: |values| softmax(values),
};

pub(in crate::loss) const LOVASZ_SOFTMAX: Listed<LovaszSoftmax> = Listed {
    entry: Entry {
        name: "lovasz_softmax",
        passes: "1 + 1; per class: 1 + 1, a sort by 3 digits",
        inputs: &["multiclass"],
        quantised: false,
        scratch: "u32[10*pixels+6144]",
        parameters: &[Parameter::word("classes", "present", "present, all", "classes in the mean")],
        definition: "mean over classes of the Lovasz extension of the Jaccard loss of the errors |g - p|, exact",
        reference: "Berman et al. 2018",
        ..FAMILY
    },
    make: |values| softmax(values),
};

fn softmax(values: &Values<'_>) -> Result<LovaszSoftmax> {
    let classes = [("present", LovaszClasses::Present), ("all", LovaszClasses::All)];
    Ok(LovaszSoftmax::new(values.choice("classes", &classes)?))
}
