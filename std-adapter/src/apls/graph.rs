//! Skeletons as graphs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use segmeter_core::Result;
use segmeter_core::plane::{Bits, skeleton};

/// The skeleton of a mask as a graph of its pixels, which have places in row order.
///
/// A pixel is linked with those beside it, and with those at its corners unless a pixel beside both links them already.
#[derive(Clone, Debug)]
pub struct RoadGraph {
    /// Row and column of every pixel of the skeleton.
    pixels: Vec<[usize; 2]>,
    /// The place of the first pixel of every row, and the number of all.
    rows: Vec<usize>,
    /// Of every pixel the places of those that it is linked with, and how far they are.
    links: Vec<(usize, f64)>,
    /// Where those of a pixel begin, and the number of all.
    starts: Vec<usize>,
}

impl RoadGraph {
    /// Of a mask.
    ///
    /// # Errors
    /// None for a mask that there is.
    pub fn new(mask: &Bits<'_>) -> Result<Self> {
        let shape = mask.shape();
        let mut words: Vec<u32> = (0..shape.height()).flat_map(|row| mask.row(row)).copied().collect();
        let mut bits = Bits::of_words(shape, &mut words)?;
        skeleton::thin(&mut bits, &mut vec![0; skeleton::scratch_len(shape)])?;
        Ok(Self::of_skeleton(&bits))
    }

    /// Of a skeleton.
    #[must_use]
    pub fn of_skeleton(bits: &Bits<'_>) -> Self {
        let shape = bits.shape();
        let (mut pixels, mut rows) = (Vec::new(), vec![0]);
        for row in 0..shape.height() {
            for (first, word) in (0..).step_by(32).zip(bits.row(row)).filter(|(_, word)| **word != 0) {
                let set = (0..32).filter(|bit| word >> bit & 1 == 1);
                pixels.extend(set.map(|bit| [row, first + bit]));
            }
            rows.push(pixels.len());
        }
        let mut graph = Self { pixels, rows, links: Vec::new(), starts: vec![0] };
        for place in 0..graph.pixels.len() {
            graph.link(place, bits);
        }
        graph
    }

    /// Adds the links of the next pixel.
    fn link(&mut self, place: usize, bits: &Bits<'_>) {
        let [row, column] = self.pixels[place];
        // Before the first row and column there is nothing, as far away as the number wraps.
        let there =
            |dy: isize, dx: isize| bits.get(row.wrapping_add_signed(dy), column.wrapping_add_signed(dx));
        for (dy, dx) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dy, dx))) {
            let diagonal = dy != 0 && dx != 0;
            let around = diagonal && (there(dy, 0) || there(0, dx));
            if (dy, dx) != (0, 0) && there(dy, dx) && !around {
                let line = row.wrapping_add_signed(dy);
                let (first, end) = (self.rows[line], self.rows[line + 1]);
                let column = column.wrapping_add_signed(dx);
                let other = first + self.pixels[first..end].partition_point(|[_, x]| *x < column);
                self.links.push((other, if diagonal { std::f64::consts::SQRT_2 } else { 1.0 }));
            }
        }
        self.starts.push(self.links.len());
    }

    /// Pixels of the skeleton: row and column.
    #[must_use]
    pub fn pixels(&self) -> &[[usize; 2]] {
        &self.pixels
    }

    /// Ends and crossings: the places of pixels with another number of links than two.
    pub fn nodes(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.pixels.len()).filter(|place| self.links(*place).len() != 2)
    }

    /// Pixels that a pixel is linked with, and how far they are, in pixels.
    #[must_use]
    pub fn links(&self, place: usize) -> &[(usize, f64)] {
        &self.links[self.starts[place]..self.starts[place + 1]]
    }

    /// Nodes, and pixels between them so that none is further than `spacing` from the next along a road; a ring
    /// without a node starts at its first pixel.
    pub(super) fn controls(&self, spacing: f64) -> Vec<usize> {
        let mut controls: Vec<usize> = self.nodes().collect();
        // Only pixels between nodes are marked: crossings are reached on several ways.
        let mut seen = vec![false; self.pixels.len()];
        let starts: Vec<usize> = controls.iter().copied().chain(0..self.pixels.len()).collect();
        for start in starts {
            let is_ring = self.links(start).len() == 2;
            if is_ring && seen[start] {
                continue;
            }
            if is_ring {
                controls.push(start);
                seen[start] = true;
            }
            for (first, length) in self.links(start) {
                if seen[*first] {
                    continue;
                }
                let chain = self.chain(start, *first, *length);
                let total = chain.last().map_or(0.0, |(_, length)| *length);
                let parts = (total / spacing).ceil().max(1.0);
                let mut next = 1.0;
                // The last one is a node, or the start of the ring.
                for (place, length) in chain.iter().filter(|(place, _)| self.links(*place).len() == 2) {
                    seen[*place] = true;
                    if next < parts && *length >= next * total / parts && *place != start {
                        controls.push(*place);
                        next += 1.0;
                    }
                }
            }
        }
        controls.sort_unstable();
        controls.dedup();
        controls
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

    /// The place of the pixel nearest to one of another graph, at most `reach` away; the first of several.
    pub(super) fn nearest(&self, [row, column]: [usize; 2], reach: f64) -> Option<usize> {
        // What is further away in one direction alone is too far.
        let most = reach as usize;
        let last = row.saturating_add(most).min(self.rows.len().saturating_sub(2));
        let near = (row.saturating_sub(most)..=last).flat_map(|line| {
            let (first, end) = (self.rows[line], self.rows[line + 1]);
            let from = column.saturating_sub(most);
            let first = first + self.pixels[first..end].partition_point(|[_, x]| *x < from);
            (first..end).take_while(move |place| self.pixels[*place][1] <= column.saturating_add(most))
        });
        let squared = |place: &usize| {
            let [y, x] = self.pixels[*place];
            y.abs_diff(row).pow(2) + x.abs_diff(column).pow(2)
        };
        near.min_by_key(squared).filter(|nearest| (squared(nearest) as f64).sqrt() <= reach)
    }
}

/// Shortest paths of a graph between some of its pixels: what lies between them and nodes is one edge.
pub(super) struct Paths {
    /// The node of a pixel, if it is one.
    nodes: Vec<Option<usize>>,
    /// Of every node those that it is linked with, and how far they are.
    edges: Vec<Vec<(usize, f64)>>,
}

impl Paths {
    pub(super) fn new(of: &RoadGraph, stops: impl Iterator<Item = usize>) -> Self {
        let (mut nodes, mut places) = (vec![None; of.pixels.len()], Vec::new());
        for place in of.nodes().chain(stops) {
            nodes[place].get_or_insert_with(|| {
                places.push(place);
                places.len() - 1
            });
        }
        let mut edges = vec![Vec::new(); places.len()];
        for (start, place) in places.into_iter().enumerate() {
            for (first, length) in of.links(place) {
                let (mut before, mut here, mut length) = (place, *first, *length);
                while nodes[here].is_none() {
                    let Some((next, step)) = of.links(here).iter().find(|(next, _)| *next != before) else {
                        break;
                    };
                    (before, here, length) = (here, *next, length + step);
                }
                // Every edge is found from both ends.
                if let Some(end) = nodes[here].filter(|end| start <= *end) {
                    edges[start].push((end, length));
                    edges[end].push((start, length));
                }
            }
        }
        Self { nodes, edges }
    }

    /// The node of a pixel that is one.
    pub(super) fn node(&self, place: usize) -> Option<usize> {
        self.nodes.get(place).copied().flatten()
    }

    /// How far every node is from one, by the algorithm of Dijkstra; infinitely far where no path leads.
    pub(super) fn from(&self, start: usize) -> Vec<f64> {
        let mut lengths = vec![f64::INFINITY; self.edges.len()];
        lengths[start] = 0.0;
        // The bits of numbers that are not negative are in the order of these.
        let mut open = BinaryHeap::from([Reverse((0_u64, start))]);
        while let Some(Reverse((bits, node))) = open.pop() {
            let length = f64::from_bits(bits);
            if length > lengths[node] {
                continue;
            }
            for (end, step) in &self.edges[node] {
                let found = length + step;
                if found < lengths[*end] {
                    lengths[*end] = found;
                    open.push(Reverse((found.to_bits(), *end)));
                }
            }
        }
        lengths
    }
}
