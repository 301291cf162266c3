//! Masks of one bit per pixel, from words and from ids.

use segmeter_core::Error;
use segmeter_core::plane::Bits;
use segmeter_core::view::Shape;
use segmeter_tests::Random;

/// Words that are there are a mask, without what lies past its width.
#[test]
fn words_are_a_mask() {
    let shape = Shape::new(2, 33).unwrap();
    let mut words = [5, u32::MAX, 1 << 31, 2, 7];
    let bits = Bits::of_words(shape, &mut words).unwrap();
    assert_eq!((bits.row(0), bits.row(1), bits.count()), (&[5, 1][..], &[1 << 31, 0][..], 4));
    assert!(bits.get(0, 32) && bits.get(1, 31) && !bits.get(1, 32));
    assert_eq!(Bits::of_words(shape, &mut [0; 3]).unwrap_err(), Error::Scratch { need: 4 });
}

/// The mask of an id is that of the pixels that hold it, whatever lies in the words.
#[test]
fn ids_are_a_mask() {
    let mut random = Random(8);
    for width in [1, 2, 3, 4, 5, 31, 32, 33, 36, 63, 64, 65, 97] {
        let shape = Shape::new(3, width).unwrap();
        let near = |id: u8| [id, id ^ 0x80, id.wrapping_sub(1), id.wrapping_add(1)];
        for id in [0, 1, 19, 127, 128, 254, 255] {
            let draw = |_| near(id)[(random.uniform() * 4.0) as usize];
            let ids: Vec<u8> = (0..shape.pixels()).map(draw).collect();
            let [mut a, mut b] = [(); 2].map(|()| vec![0xaaaa_aaaa; Bits::words(shape)]);
            Bits::of_ids(shape, &mut a, &ids, id).unwrap();
            Bits::new(shape, &mut b, |pixel| ids[pixel] == id).unwrap();
            assert_eq!(a, b, "{width} {id} {ids:?}");
        }
    }
    let shape = Shape::new(2, 33).unwrap();
    assert_eq!(Bits::of_ids(shape, &mut [0; 3], &[0; 66], 0).unwrap_err(), Error::Scratch { need: 4 });
    let error = Error::Length { expected: 66, found: 65 };
    assert_eq!(Bits::of_ids(shape, &mut [0; 4], &[0; 65], 0).unwrap_err(), error);
}
