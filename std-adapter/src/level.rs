//! Names of vector instructions.

use std::fmt;
use std::str::FromStr;

use crate::wide::Machine;

/// A set of vector instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LevelName {
    /// The best this machine has.
    #[default]
    Auto,
    /// One `f32` at a time: what a microcontroller runs.
    Scalar,
    /// x86-64's baseline.
    Sse2,
    /// x86-64-v3.
    Avx2,
    /// AVX-512 as of Ice Lake and Zen 4: sixteen values at once.
    Avx512,
    /// `AArch64`'s baseline.
    Neon,
}

impl LevelName {
    /// Every name but [`LevelName::Auto`].
    pub const ALL: [Self; 5] = [Self::Scalar, Self::Sse2, Self::Avx2, Self::Avx512, Self::Neon];

    /// Whether this machine has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        self == Self::Scalar || Machine::new(self).is_some()
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Scalar => "scalar",
            Self::Sse2 => "sse2",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
    }
}

impl fmt::Display for LevelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Instructions that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// Which.
    pub level: LevelName,
    /// Whether this build has them, and only the machine lacks them.
    pub is_built: bool,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { level, is_built } = self;
        match is_built {
            true => write!(f, "this machine has no {level} instructions"),
            false => write!(f, "this build has no {level} instructions: build it with the feature simd"),
        }
    }
}

impl std::error::Error for Unavailable {}

impl FromStr for LevelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Auto].into_iter().chain(Self::ALL).find(|name| name.text() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().filter(|n| n.is_available()).map(|n| n.text()).collect();
            format!("no level `{text}`; this machine has auto, {}", names.join(", "))
        })
    }
}
