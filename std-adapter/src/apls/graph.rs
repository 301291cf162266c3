//! Skeletons as graphs.

use std::collections::HashMap;

use petgraph::algo::dijkstra;
use petgraph::graph::{NodeIndex, UnGraph};
use segmeter_core::Result;
use segmeter_core::plane::{Bits, skeleton};
use segmeter_core::view::Shape;

/// The skeleton of a mask as a graph of its pixels.
///
/// A pixel is linked with those beside it, and with those at its corners unless a pixel beside both links them already.
#[derive(Clone, Debug)]
pub struct RoadGraph {
    width: usize,
    /// Pixels of the skeleton in row order, each with its links: pixel and length.
    links: Vec<(usize, Vec<(usize, f64)>)>,
    places: HashMap<usize, usize>,
}

impl RoadGraph {
    /// Of the pixels for which `set` holds.
    ///
    /// # Errors
    /// None for a shape that there is.
    pub fn new(shape: Shape, set: impl Fn(usize) -> bool) -> Result<Self> {
        let mut words = vec![0; Bits::words(shape)];
        let mut bits = Bits::new(shape, &mut words, set)?;
        skeleton::thin(&mut bits, &mut vec![0; skeleton::scratch_len(shape)])?;
        let (width, height) = (shape.width(), shape.height());
        let there = |y: isize, x: isize| {
            usize::try_from(y).is_ok_and(|y| usize::try_from(x).is_ok_and(|x| bits.get(y, x)))
        };
        let mut links = Vec::new();
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let (row, column) = (y as isize, x as isize);
            if !there(row, column) {
                continue;
            }
            let mut own = Vec::new();
            for (dy, dx) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dy, dx))) {
                let diagonal = dy != 0 && dx != 0;
                let around = diagonal && (there(row + dy, column) || there(row, column + dx));
                if (dy, dx) != (0, 0) && there(row + dy, column + dx) && !around {
                    let pixel = (row + dy) as usize * width + (column + dx) as usize;
                    own.push((pixel, if diagonal { std::f64::consts::SQRT_2 } else { 1.0 }));
                }
            }
            links.push((y * width + x, own));
        }
        let places = links.iter().enumerate().map(|(place, (pixel, _))| (*pixel, place)).collect();
        Ok(Self { width, links, places })
    }

    /// Pixels of the skeleton, in row order.
    pub fn pixels(&self) -> impl Iterator<Item = usize> + '_ {
        self.links.iter().map(|(pixel, _)| *pixel)
    }

    /// Ends and crossings: pixels with another number of links than two.
    pub fn nodes(&self) -> impl Iterator<Item = usize> + '_ {
        self.links.iter().filter(|(_, links)| links.len() != 2).map(|(pixel, _)| *pixel)
    }

    /// Pixels that a pixel is linked with, and how far they are, in pixels.
    #[must_use]
    pub fn links(&self, pixel: usize) -> &[(usize, f64)] {
        self.places.get(&pixel).and_then(|place| self.links.get(*place)).map_or(&[], |(_, links)| links)
    }

    /// Nodes, and pixels between them so that none is further than `spacing` from the next along a road; a ring
    /// without a node starts at its first pixel.
    pub(super) fn controls(&self, spacing: f64) -> Vec<usize> {
        let mut controls: Vec<usize> = self.nodes().collect();
        let mut seen = vec![false; self.links.len()];
        let starts: Vec<usize> = controls.iter().copied().chain(self.pixels()).collect();
        for start in starts {
            let is_ring = self.links(start).len() == 2;
            if is_ring && self.is_seen(&seen, start) {
                continue;
            }
            if is_ring {
                controls.push(start);
                self.see(&mut seen, start);
            }
            for (first, length) in self.links(start) {
                let chain = self.chain(start, *first, *length);
                if self.is_seen(&seen, *first) {
                    continue;
                }
                let total = chain.last().map_or(0.0, |(_, length)| *length);
                let parts = (total / spacing).ceil().max(1.0);
                let mut next = 1.0;
                for (pixel, length) in &chain {
                    self.see(&mut seen, *pixel);
                    // The last one is a node, or the start of the ring.
                    if next < parts
                        && *length >= next * total / parts
                        && self.links(*pixel).len() == 2
                        && *pixel != start
                    {
                        controls.push(*pixel);
                        next += 1.0;
                    }
                }
            }
        }
        controls.sort_unstable();
        controls.dedup();
        controls
    }

    /// Only pixels between nodes are marked: crossings are reached on several ways.
    fn see(&self, seen: &mut [bool], pixel: usize) {
        let place = self.places.get(&pixel).filter(|_| self.links(pixel).len() == 2);
        if let Some(slot) = place.and_then(|place| seen.get_mut(*place)) {
            *slot = true;
        }
    }
    fn is_seen(&self, seen: &[bool], pixel: usize) -> bool {
        self.places.get(&pixel).and_then(|place| seen.get(*place)).is_some_and(|seen| *seen)
    }

    /// From a pixel over a linked one to the next node, or around to where it began; with lengths from the start.
    fn chain(&self, start: usize, first: usize, length: f64) -> Vec<(usize, f64)> {
        let (mut before, mut here, mut length) = (start, first, length);
        let mut chain = vec![(here, length)];
        while let [(a, a_length), (b, b_length)] = self.links(here)
            && here != start
        {
            let (next, step) = if *a == before { (*b, *b_length) } else { (*a, *a_length) };
            (before, here, length) = (here, next, length + step);
            chain.push((here, length));
        }
        chain
    }

    /// The pixel nearest to one of another graph, at most `reach` away; the first in row order of several.
    pub(super) fn nearest(&self, of: &Self, pixel: usize, reach: f64) -> Option<usize> {
        let (y, x) = (pixel / of.width, pixel % of.width);
        let squared = |other: usize| {
            let (dy, dx) = (y.abs_diff(other / self.width), x.abs_diff(other % self.width));
            dy * dy + dx * dx
        };
        let nearest = self.pixels().min_by_key(|other| squared(*other))?;
        ((squared(nearest) as f64).sqrt() <= reach).then_some(nearest)
    }
}

/// Shortest paths of a graph between some of its pixels: what lies between them and nodes is one edge.
pub(super) struct Paths {
    graph: UnGraph<usize, f64>,
    nodes: HashMap<usize, NodeIndex>,
}

impl Paths {
    pub(super) fn new(of: &RoadGraph, stops: impl Iterator<Item = usize>) -> Self {
        let (mut graph, mut nodes) = (UnGraph::new_undirected(), HashMap::new());
        for pixel in of.nodes().chain(stops) {
            nodes.entry(pixel).or_insert_with(|| graph.add_node(pixel));
        }
        for start in graph.node_indices() {
            let pixel = graph.node_weight(start).copied().unwrap_or_default();
            for (first, length) in of.links(pixel) {
                let (mut before, mut here, mut length) = (pixel, *first, *length);
                while !nodes.contains_key(&here) {
                    let Some((next, step)) = of.links(here).iter().find(|(next, _)| *next != before) else {
                        break;
                    };
                    (before, here, length) = (here, *next, length + step);
                }
                // Every edge is found from both ends.
                if let Some(end) = nodes.get(&here).filter(|end| start.index() <= end.index()) {
                    graph.add_edge(start, *end, length);
                }
            }
        }
        Self { graph, nodes }
    }

    pub(super) fn from(&self, pixel: usize) -> HashMap<NodeIndex, f64> {
        let Some(start) = self.nodes.get(&pixel) else { return HashMap::new() };
        dijkstra(&self.graph, *start, None, |edge| *edge.weight()).into_iter().collect()
    }

    pub(super) fn length(&self, lengths: &HashMap<NodeIndex, f64>, pixel: usize) -> Option<f64> {
        lengths.get(self.nodes.get(&pixel)?).copied()
    }
}
