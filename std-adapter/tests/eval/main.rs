//! `segmeter eval`: every family of metrics against the library, files of every kind, and what does not change a digit.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

mod choices;
mod decimals;
mod demo;
mod edges;
mod found;
mod input;
mod matrix;
mod overlap;
mod report;
mod scores;
mod segment;
mod shape;
#[path = "../support/mod.rs"]
mod support;
mod upsample;
mod which;
