//! Public data sets: their ids, colours and names.

/// The ids of Cityscapes' labels from 0 on, as it trains and scores 19 of them; 255 is not scored.
pub(super) const CITYSCAPES: [u16; 34] = [
    255, 255, 255, 255, 255, 255, 255, 0, 1, 255, 255, 2, 3, 4, 255, 255, 255, 5, 255, 6, 7, 8, 9, 10, 11,
    12, 13, 14, 15, 255, 255, 16, 17, 18,
];
/// The colours of these 19.
pub(super) const CITYSCAPES_COLOURS: [[u8; 3]; 19] = [
    [128, 64, 128],
    [244, 35, 232],
    [70, 70, 70],
    [102, 102, 156],
    [190, 153, 153],
    [153, 153, 153],
    [250, 170, 30],
    [220, 220, 0],
    [107, 142, 35],
    [152, 251, 152],
    [70, 130, 180],
    [220, 20, 60],
    [255, 0, 0],
    [0, 0, 142],
    [0, 0, 70],
    [0, 60, 100],
    [0, 80, 100],
    [0, 0, 230],
    [119, 11, 32],
];
/// The colours of labels that are not scored, but of those that share the colour of one: groups of poles are poles, and
/// licence plates are cars.
pub(super) const CITYSCAPES_UNSCORED: [[u8; 3]; 10] = [
    [0, 0, 0],
    [111, 74, 0],
    [81, 0, 81],
    [250, 170, 160],
    [230, 150, 140],
    [180, 165, 180],
    [150, 100, 100],
    [150, 120, 90],
    [0, 0, 90],
    [0, 0, 110],
];
/// Their names.
const CITYSCAPES_NAMES: [&str; 19] = [
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
];
/// The classes of Pascal VOC, background included.
pub(super) const VOC_NAMES: [&str; 21] = [
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
];

/// The names of the classes of a data set that is known, in the order of their ids.
#[must_use]
pub fn names_of(data_set: &str) -> Option<&'static [&'static str]> {
    match data_set {
        "cityscapes" => Some(&CITYSCAPES_NAMES),
        "voc" => Some(&VOC_NAMES),
        _ => None,
    }
}
