//! Plots as inline SVG.

use plotters::prelude::*;
use segmeter::core::metric::ClassReport;

/// Colours of Okabe and Ito, which colour-blind people can tell apart.
pub(in crate::command) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(in crate::command) const ORANGE: RGBColor = RGBColor(230, 159, 0);
pub(in crate::command) const GREY: RGBColor = RGBColor(120, 120, 120);
pub(in crate::command) const LIGHT: RGBColor = RGBColor(228, 228, 228);
const INK: RGBColor = RGBColor(40, 40, 40);

/// Points of a curve that a plot of this size can show.
const MOST_POINTS: usize = 600;
/// Side of a square plot.
const SIDE: u32 = 340;

pub(in crate::command) type Drawn = Result<(), Box<dyn std::error::Error>>;
pub(in crate::command) type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Draws into a string; what goes wrong while drawing is said there.
pub(in crate::command) fn svg(width: u32, height: u32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> String {
    let mut text = String::new();
    let drawn = {
        let root = SVGBackend::with_string(&mut text, (width, height)).into_drawing_area();
        draw(&root).and_then(|()| Ok(root.present()?))
    };
    match drawn {
        Ok(()) => text,
        Err(_) => String::new(),
    }
}

pub(in crate::command) fn small() -> TextStyle<'static> {
    ("sans-serif", 15).into_font().color(&INK)
}

fn tick(value: &f64) -> String {
    format!("{value:.1}")
}

/// A name and two numbers in [0, 1] per class.
pub(super) fn bars(classes: &[(String, [Option<f64>; 2])]) -> String {
    let rows = classes.len() as f64;
    svg(640, 46 + 40 * classes.len() as u32, |root| {
        let mut chart = ChartBuilder::on(root)
            .margin(6)
            .margin_right(76)
            .x_label_area_size(24)
            .y_label_area_size(170)
            .build_cartesian_2d(0.0..1.0, rows..0.0)?;
        let mut mesh = chart.configure_mesh();
        mesh.disable_y_mesh().y_labels(0).x_labels(6).light_line_style(TRANSPARENT).bold_line_style(LIGHT);
        mesh.x_label_formatter(&tick).label_style(small()).axis_style(GREY).draw()?;
        for (row, (name, values)) in (0..).map(f64::from).zip(classes) {
            for ((value, colour), top) in values.iter().zip([BLUE, ORANGE]).zip([0.12, 0.5]) {
                let length = value.unwrap_or(0.0);
                let bar = [(0.0, row + top), (length, row + top + 0.36)];
                chart.draw_series([Rectangle::new(bar, colour.filled())])?;
                let (x, y) = chart.backend_coord(&(length, row + top + 0.18));
                let text = value.map_or("undefined".to_owned(), |value| format!("{value:.3}"));
                root.draw(&Text::new(text, (x + 5, y - 7), small()))?;
            }
            let (_, y) = chart.backend_coord(&(0.0, row + 0.5));
            let style = small().pos(plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Right,
                plotters::style::text_anchor::VPos::Center,
            ));
            root.draw(&Text::new(short(name), (168, y), style))?;
        }
        Ok(())
    })
}

/// A name that fits beside its bars.
fn short(name: &str) -> String {
    let most = 20;
    if name.chars().count() <= most {
        return name.to_owned();
    }
    name.chars().take(most - 1).chain(['…']).collect()
}

/// A square plot of numbers in [0, 1] with its axes.
fn square(
    names: [&str; 2],
    draw: impl FnOnce(&mut ChartContext<'_, SVGBackend<'_>, Unit>) -> Drawn,
) -> String {
    svg(SIDE, SIDE, |root| {
        let mut chart = ChartBuilder::on(root)
            .margin(10)
            .x_label_area_size(42)
            .y_label_area_size(50)
            .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(TRANSPARENT).bold_line_style(LIGHT).x_labels(6).y_labels(6);
        mesh.x_label_formatter(&tick).y_label_formatter(&tick).label_style(small()).axis_style(GREY);
        mesh.x_desc(names[0]).y_desc(names[1]).axis_desc_style(small()).draw()?;
        draw(&mut chart)
    })
}

type Unit = Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>;

/// Accuracy over confidence, with the share of pixels of each bin.
pub(super) fn reliability(bins: &[(u64, f64, f64)], names: [&str; 2]) -> String {
    let pixels: u64 = bins.iter().map(|(pixels, _, _)| pixels).sum();
    square(names, |chart| {
        for (count, confidence, _) in bins {
            let share = *count as f64 / pixels.max(1) as f64;
            let (low, high) = ((confidence - 0.012).max(0.0), (confidence + 0.012).min(1.0));
            chart.draw_series([Rectangle::new([(low, 0.0), (high, share)], LIGHT.filled())])?;
        }
        chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], GREY))?;
        let points: Vec<(f64, f64)> =
            bins.iter().map(|(_, confidence, accuracy)| (*confidence, *accuracy)).collect();
        chart.draw_series(LineSeries::new(points.clone(), BLUE.stroke_width(2)))?;
        chart.draw_series(points.into_iter().map(|point| Circle::new(point, 3, BLUE.filled())))?;
        Ok(())
    })
}

/// True positive rate over false positive rate.
pub(super) fn roc(curve: &[ClassReport]) -> String {
    let point =
        |counts: &ClassReport| Some((counts.false_positive_rate().value()?, counts.recall().value()?));
    let points = thinned(curve.iter().filter_map(point).collect());
    square(["false positive rate", "recall"], |chart| {
        chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], GREY))?;
        chart.draw_series(LineSeries::new(points, BLUE.stroke_width(2)))?;
        Ok(())
    })
}

/// Precision over recall.
pub(super) fn precision_recall(curve: &[ClassReport]) -> String {
    let point = |counts: &ClassReport| Some((counts.recall().value()?, counts.precision().value()?));
    let points = thinned(curve.iter().filter_map(point).collect());
    square(["recall", "precision"], |chart| {
        chart.draw_series(LineSeries::new(points, BLUE.stroke_width(2)))?;
        Ok(())
    })
}

/// As many points as can be told apart, with the last one.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let step = points.len().div_ceil(MOST_POINTS).max(1);
    let last = points.last().copied();
    points.into_iter().step_by(step).chain(last).collect()
}

/// How many images have which value in [0, 1], and every one of them as a line below.
pub(in crate::command::eval) fn histogram(values: &[f64], name: &str) -> String {
    const BINS: usize = 20;
    let mut counts = [0_u32; BINS];
    for value in values {
        counts[((value * BINS as f64) as usize).min(BINS - 1)] += 1;
    }
    let highest = f64::from(counts.iter().copied().max().unwrap_or(0).max(1));
    svg(640, 220, |root| {
        let mut chart = ChartBuilder::on(root)
            .margin(10)
            .x_label_area_size(42)
            .y_label_area_size(50)
            .build_cartesian_2d(0.0..1.0, -0.16 * highest..highest * 1.05)?;
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh().light_line_style(TRANSPARENT).bold_line_style(LIGHT).x_labels(11).y_labels(5);
        let count = |value: &f64| {
            if value.fract() == 0.0 && *value >= 0.0 { format!("{value}") } else { String::new() }
        };
        mesh.x_label_formatter(&tick).y_label_formatter(&count).label_style(small()).axis_style(GREY);
        mesh.x_desc(name).y_desc("images").axis_desc_style(small()).draw()?;
        for (bin, count) in (0..).map(f64::from).zip(counts).filter(|(_, count)| *count != 0) {
            let sides = [(bin / BINS as f64, 0.0), ((bin + 1.0) / BINS as f64, f64::from(count))];
            chart.draw_series([Rectangle::new(sides, BLUE.filled())])?;
            chart.draw_series([Rectangle::new(sides, WHITE.stroke_width(1))])?;
        }
        for value in values {
            let line = [(*value, -0.13 * highest), (*value, -0.03 * highest)];
            chart.draw_series(LineSeries::new(line, ORANGE))?;
        }
        Ok(())
    })
}
