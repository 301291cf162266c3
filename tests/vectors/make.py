#!/usr/bin/env python3
"""Writes the reference numbers the Rust tests compare with. Nothing here shares code with the Rust side.

Nearly every number is computed in two ways that have to agree before it is written:

* losses: PyTorch autograd (f64), in forms that keep their digits; and the textbook formula with 120 digits and
  a differentiation of its own (tape.py), which gives the digits that are stored;
* spec: the tables of the losses reference, asserted to their printed digits;
* presets: the same losses as other libraries have them, those libraries being run;
* metrics: written out from their definitions, compared with scikit-learn wherever it defines the same;
* libraries: metrics of other libraries, those libraries being run;
* traps: numbers of theirs that are not what their names say, likewise;
* surface: what the libraries return, run for it;
* drift: SciPy and scikit-image, exact fractions for two detectors;
* upsample: PyTorch's interpolate and argmax, run; where several classes tie is found in fractions;
* detectors: plain Python, and river and frouros beside it.

`python3 make.py` writes all files, `python3 make.py losses metrics` some. Any disagreement stops it.
"""

import sys

import cases
import drift
import geometry
import metrics
import spec
import tape
from common import Demo, write


def make_presets(demo):
    import presets  # the many libraries, only where they are needed
    return presets.presets(demo)


def make_surface(demo):
    import surface  # likewise, and checkouts
    return surface.surface(demo)


def make_libraries(demo):
    import libraries
    return libraries.libraries(demo)


def make_traps(demo):
    import traps
    return traps.traps(demo)


def make_upsample(demo):
    import upsample
    return upsample.upsample(demo)


def make_detectors(demo):
    import detectors
    return detectors.detectors(demo)


MAKERS = {"losses": cases.losses, "spec": spec.spec, "presets": make_presets,
          "metrics": metrics.metrics, "libraries": make_libraries, "traps": make_traps, "surface": make_surface,
          "drift": drift.drift, "detectors": make_detectors, "upsample": make_upsample}


def main():
    tape.check()
    geometry.check()
    demo = Demo()
    for name in sys.argv[1:] or MAKERS:
        write(f"{name}.json", MAKERS[name](demo))


if __name__ == "__main__":
    main()
