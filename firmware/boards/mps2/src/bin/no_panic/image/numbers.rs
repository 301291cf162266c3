//! Elementary functions, sums and fixed-point numbers.

use core::hint::black_box;

use segmeter_core::num::{self, Q16};
use segmeter_core::simd::Scalar;

pub(super) fn all() {
    let x = black_box(-1.5);
    black_box((num::exp_nonpositive(Scalar, x), num::ln1p_unit(Scalar, x), num::ln(Scalar, x)));
    black_box(num::exp_nonpositive_f64(f64::from(x)));
    black_box((num::Sigmoid::new(Scalar, x), num::Sigmoid::new(num::Micromath, x)));
    black_box((num::one_minus_exp(Scalar, x), num::ln1p(Scalar, x), num::minus_ln(Scalar, x)));
    black_box(num::minus_ln_complement(Scalar, x));
    black_box(black_box(num::Power::new(x.into())).of(Scalar, x));
    let mut sum = black_box(num::ExactSum::default());
    sum.add(x);
    sum.merge(&black_box(num::ExactSum::default()));
    black_box((sum.value(), sum == black_box(num::ExactSum::default())));
    let (a, b) = (black_box(Q16::ONE), black_box(Q16::ONE));
    black_box((
        a.times(b),
        a.over(b),
        a.plus(b),
        a.minus(b),
        a.root(),
        Q16::ratio(black_box(3), black_box(4)),
    ));
    black_box((a.to_f32(), a.to_f64(), Q16::from_f32(x)));
}
