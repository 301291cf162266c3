//! Derivatives in `f64` by a tape of operations.

use std::cell::RefCell;

use crate::cases;
use crate::oracle::Oracle;

/// Values, and what each was made of.
#[derive(Default)]
pub(crate) struct Tape {
    values: RefCell<Vec<f64>>,
    parents: RefCell<Vec<Vec<(usize, f64)>>>,
}

pub(crate) type Var = usize;

impl Tape {
    pub(crate) fn push(&self, value: f64, parents: Vec<(Var, f64)>) -> Var {
        self.values.borrow_mut().push(value);
        self.parents.borrow_mut().push(parents);
        self.values.borrow().len() - 1
    }
    pub(crate) fn at(&self, a: Var) -> f64 {
        self.values.borrow()[a]
    }
    pub(crate) fn constant(&self, value: f64) -> Var {
        self.push(value, vec![])
    }
    pub(crate) fn sum(&self, terms: &[(Var, f64)]) -> Var {
        self.push(terms.iter().map(|(a, k)| self.at(*a) * k).sum(), terms.to_vec())
    }
    pub(crate) fn sub(&self, a: Var, b: Var) -> Var {
        self.sum(&[(a, 1.0), (b, -1.0)])
    }
    pub(crate) fn mul(&self, a: Var, b: Var) -> Var {
        let (x, y) = (self.at(a), self.at(b));
        self.push(x * y, vec![(a, y), (b, x)])
    }
    pub(crate) fn div(&self, a: Var, b: Var) -> Var {
        let (x, y) = (self.at(a), self.at(b));
        self.push(x / y, vec![(a, 1.0 / y), (b, -x / (y * y))])
    }
    pub(crate) fn affine(&self, a: Var, scale: f64, offset: f64) -> Var {
        self.push(self.at(a) * scale + offset, vec![(a, scale)])
    }
    pub(crate) fn root(&self, a: Var) -> Var {
        let x = self.at(a).sqrt();
        self.push(x, vec![(a, 0.5 / x)])
    }
    pub(crate) fn relu(&self, a: Var) -> Var {
        if self.at(a) > 0.0 { a } else { self.constant(0.0) }
    }
    pub(crate) fn best(&self, among: &[Var], better: fn(f64, f64) -> bool) -> Var {
        *among.iter().reduce(|a, b| if better(self.at(*b), self.at(*a)) { b } else { a }).unwrap()
    }
    pub(crate) fn slopes(&self, of: Var, wanted: &[Var]) -> Vec<f64> {
        let mut slopes = vec![0.0; of + 1];
        slopes[of] = 1.0;
        for node in (0..=of).rev() {
            for (parent, partial) in &self.parents.borrow()[node] {
                slopes[*parent] += slopes[node] * partial;
            }
        }
        wanted.iter().map(|v| slopes[*v]).collect()
    }
}

pub(crate) fn lower(a: f64, b: f64) -> bool {
    a < b
}
pub(crate) fn higher(a: f64, b: f64) -> bool {
    a > b
}

/// The tape itself, against differences of its values.
#[test]
fn the_tape_is_right() {
    let cases = cases();
    for (name, oracle) in Oracle::all() {
        let mut compared = 0;
        for case in cases.iter().filter(|c| {
            c.name.contains("noise 5x4")
                || c.name.contains("blob 5x4")
                || c.name == "fixture"
                || c.name.contains("soft 5x4")
        }) {
            let p = case.probabilities();
            let (_, slopes) = oracle.evaluate(case, &p);
            let largest = slopes.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            for i in 0..p.len() {
                let at = |h: f64| {
                    let mut p = p.clone();
                    p[i] += h;
                    oracle.evaluate(case, &p).0
                };
                let h = 2e-7;
                let central = |h: f64| (at(h) - at(-h)) / (2.0 * h);
                let [fine, coarse] = [central(h), central(2.0 * h)];
                let estimate = (4.0 * fine - coarse) / 3.0;
                let kink = (at(h) + at(-h) - 2.0 * at(0.0)).abs() / h > 1e-3 * largest;
                if kink || !case.scored(i) {
                    continue;
                }
                compared += 1;
                assert!(
                    (estimate - slopes[i]).abs() < 2e-6 * largest + 3e-8,
                    "{name}, {}, {i}: {estimate} {}",
                    case.name,
                    slopes[i]
                );
            }
        }
        assert!(compared > 100, "{name}: {compared}");
    }
}
