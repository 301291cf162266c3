//! Two sides of a comparison, of which one may be stored in another way.

use std::path::Path;

use clap::Args;
use segmeter::files::Reading;

use super::{Dtype, Failure, Input, Layout};

/// How images of HOST are stored, where that is not how those of TARGET are.
#[derive(Args)]
#[command(next_help_heading = "How images of HOST are read, if not as those of TARGET")]
pub(in crate::command) struct HostInput {
    /// Axes of its images
    #[arg(long, value_enum)]
    host_layout: Option<Layout>,
    /// Shape of its .bin
    #[arg(long, value_name = "N,H,W|H,W|...", value_delimiter = ',', num_args = 1, requires = "host_dtype")]
    host_shape: Option<Vec<usize>>,
    /// Type of its .bin
    #[arg(long, value_enum, requires = "host_shape")]
    host_dtype: Option<Dtype>,
    /// Its 8-bit logits: logit = S * (code - Z)
    #[arg(long, value_name = "S", requires = "host_zero_point")]
    host_scale: Option<f32>,
    /// The code of 0
    #[arg(long, value_name = "Z", requires = "host_scale")]
    host_zero_point: Option<i32>,
}

impl HostInput {
    /// How images of HOST and of TARGET are read. What is said of `.bin` files and of codes is for the side that has some.
    pub(in crate::command) fn sides(
        &self,
        input: &Input,
        [host, target]: [&Path; 2],
    ) -> Result<[Input; 2], Failure> {
        let takes_shape =
            |path: &Path| path.is_dir() || path.extension().is_some_and(|e| e.eq_ignore_ascii_case("bin"));
        let own = Input {
            layout: self.host_layout.or(input.layout),
            shape: self.host_shape.clone().or_else(|| input.shape.clone().filter(|_| takes_shape(host))),
            dtype: self.host_dtype.or(input.dtype.filter(|_| takes_shape(host))),
            scale: self.host_scale.or(input.scale),
            zero_point: self.host_zero_point.or(input.zero_point),
            ..input.clone()
        };
        let mut other = input.clone();
        // What only HOST has a use for is not refused of TARGET.
        if takes_shape(host) && self.host_shape.is_none() && !takes_shape(target) {
            (other.shape, other.dtype) = (None, None);
        }
        Ok([own, other])
    }
}

impl Input {
    /// The same for floats, which codes are compared with.
    pub(in crate::command) fn of_floats(&self) -> Self {
        Self { scale: None, zero_point: None, ..self.clone() }
    }

    /// Whether codes have a scale.
    pub(in crate::command) const fn has_scale(&self) -> bool {
        self.scale.is_some()
    }

    /// How files are read, `f64` as it is.
    pub(in crate::command) fn exact_reading(&self, path: &Path) -> Result<Reading, Failure> {
        self.reading(path, self.order(), true)
    }
}
