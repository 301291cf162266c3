//! A recording's timeline as one HTML file that needs nothing else.

use std::path::Path;

use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;
use segmeter::core::drift::{Baseline, Group, Profile, Signal, State};
use segmeter::core::num::Q16;

use super::{Shown, Summary, advice};
use crate::command::eval::html::document;
use crate::command::eval::html::plot::{BLUE, GREY, LIGHT, ORANGE, small, svg};

/// The whole file.
pub(super) fn page(profiles: &[Profile], recording: &Path, seen: &[Shown], summary: &Summary) -> String {
    let seen: &[&Shown] = &seen.iter().collect::<Vec<_>>();
    let by_class = profiles.iter().any(|profile| profile.identity.classes != 0);
    let body = html! {
        h1 { "Drift report" }
        @for profile in profiles {
            p {
                code { (recording.display().to_string()) } " against profile "
                code { (format!("{:08x}", profile.fingerprint())) }
                @if by_class { " of class " (profile.identity.class) }
                ", learnt from " (profile.identity.frames) " frames, in blocks of " (profile.rules.block_frames)
                "; segmeter " (env!("CARGO_PKG_VERSION"))
            }
        }
        (tiles(summary))
        ul { @for line in advice::lines(summary, profiles) { li { (line) } } }
        p.legend { @for state in State::ALL { span { (swatch(colour(state))) (state.name()) } } }
        figure { (PreEscaped(states(seen))) }
        (estimate(advice::is_learnt(profiles), seen))
        @if by_class {
            @for (place, profile) in profiles.iter().enumerate() {
                h1 { "Class " (profile.identity.class) }
                (signals(profile, &of_class(seen, place)))
            }
        } @else {
            @for profile in profiles { (signals(profile, seen)) }
        }
        (alarms(advice::is_learnt(profiles), seen))
    };
    document(&format!("Drift in {}", recording.display()), &body)
}

/// What the frames gave for one class, by its place among the profiles.
fn of_class<'a>(seen: &[&'a Shown], place: usize) -> Vec<&'a Shown> {
    seen.iter().filter_map(|frame| frame.classes.get(place)).collect()
}

/// Every signal.
fn signals(profile: &Profile, seen: &[&Shown]) -> Markup {
    html! {
        @for (group, title, text) in GROUPS {
            h2 { (title) }
            p { (text) }
            @for (place, signal) in Signal::ALL.into_iter().enumerate().filter(|(_, s)| s.group() == group) {
                figure {
                    figcaption { code { (signal.name()) } }
                    (PreEscaped(signal_plot(signal, &profile.baselines[place], seen)))
                }
            }
        }
    }
}

const GROUPS: [(Group, &str, &str); 2] = [
    (
        Group::Confidence,
        "Confidence",
        "How sure the model is, and whether its outputs lie as they did. The band: three deviations of a block mean about \
         the mean of the profile.",
    ),
    (
        Group::Geometry,
        "Geometry",
        "The shape of the predicted road. It changes with the scene: alone it is watched, never an alarm.",
    ),
];

fn tiles(summary: &Summary) -> Markup {
    let first = summary.first_alarm.as_ref().map_or("–".to_owned(), |alarm| alarm.frame.to_string());
    let error = summary.estimate_error().map_or("–".to_owned(), |error| format!("{error:.3}"));
    html! {
        div.tiles {
            div.tile { b { (summary.frames) } span { "frames" } }
            div.tile { b { (summary.invalid) } span { "invalid" } }
            div.tile { b { (summary.alarms) } span { "alarms" } }
            div.tile { b { (first) } span { "first alarm, frame" } }
            div.tile { b { (error) } span { "mean error of the estimated IoU" } }
        }
    }
}

fn estimate(is_learnt: bool, seen: &[&Shown]) -> Markup {
    if !is_learnt {
        return html! { h2 { "IoU" } p { "The profile has learnt from no labels: there is no estimate of the IoU." } };
    }
    html! {
        h2 { "IoU" }
        p.legend {
            span { (swatch(BLUE)) "estimated, without labels; its interval" }
            span { (swatch(ORANGE)) "of the labels" }
        }
        figure { (PreEscaped(estimate_plot(seen))) }
    }
}

/// Each time that the state changed to an alarm.
fn alarms(is_learnt: bool, seen: &[&Shown]) -> Markup {
    let before = std::iter::once(State::Unknown).chain(seen.iter().map(|frame| frame.seen.verdict.state));
    let began = seen.iter().zip(before).filter(|(frame, before)| frame.seen.verdict.state != *before);
    html! {
        h2 { "Changes of state" }
        table.text {
            tr { th { "frame" } th { "name" } th { "state" } th { "because of" } th { "loss of IoU" } }
            @for (frame, _) in began {
                tr {
                    td { (frame.index) } td { code { (frame.name) } } td { (frame.seen.verdict.state.name()) }
                    td { (frame.reasons.join(", ")) }
                    td { (frame.seen.harm.map_or("–".to_owned(), |harm| advice::loss(&harm, is_learnt))) }
                }
            }
        }
    }
}

fn swatch(colour: RGBColor) -> Markup {
    let RGBColor(r, g, b) = colour;
    html! { span.swatch style=(format!("background:rgb({r},{g},{b})")) {} }
}

const fn colour(state: State) -> RGBColor {
    match state {
        State::Unknown => GREY,
        State::Normal => RGBColor(0, 158, 115),
        State::Watch => RGBColor(240, 228, 66),
        State::Alarm => RGBColor(213, 94, 0),
        State::Acknowledged => RGBColor(204, 121, 167),
    }
}

/// The state of each frame as a strip.
fn states(seen: &[&Shown]) -> String {
    plot(seen, 60, (0.0, 1.0), |chart| {
        for (x, frame) in (0..).zip(seen) {
            let bar = [(f64::from(x) - 0.5, 0.0), (f64::from(x) + 0.5, 1.0)];
            chart.draw_series([Rectangle::new(bar, colour(frame.seen.verdict.state).filled())])?;
        }
        Ok(())
    })
}

fn signal_plot(signal: Signal, baseline: &Baseline, seen: &[&Shown]) -> String {
    let (mean, spread) = (baseline.mean.to_f64(), 3.0 * baseline.deviation.to_f64());
    // The band is that of what the chart sees; a distance is shown as that.
    let charted = |value: f64| signal.charted(Q16::from_f32(value as f32)).to_f64();
    let values: Vec<Option<f64>> = seen.iter().map(|frame| frame.signal(signal).map(charted)).collect();
    let all = values.iter().flatten().copied().chain([mean - spread, mean + spread]);
    let (low, high) = all.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
    let room = 0.05 * (high - low).max(1e-6);
    plot(seen, 170, (low - room, high + room), |chart| {
        let end = seen.len() as f64 - 0.5;
        chart.draw_series([Rectangle::new([(-0.5, mean - spread), (end, mean + spread)], LIGHT.filled())])?;
        chart.draw_series(LineSeries::new([(-0.5, mean), (end, mean)], GREY))?;
        curve(chart, &values, BLUE)
    })
}

fn estimate_plot(seen: &[&Shown]) -> String {
    let of = |of: fn(&Shown) -> Option<f64>| seen.iter().map(|frame| of(frame)).collect::<Vec<_>>();
    plot(seen, 220, (0.0, 1.0), |chart| {
        for (x, frame) in (0..).map(f64::from).zip(seen) {
            if let Some(estimate) = &frame.seen.estimate {
                let bar = [(x - 0.5, estimate.low.to_f64()), (x + 0.5, estimate.high.to_f64())];
                chart.draw_series([Rectangle::new(bar, BLUE.mix(0.15).filled())])?;
            }
        }
        curve(
            chart,
            &of(|frame| frame.seen.estimate.as_ref().map(|estimate| estimate.value.to_f64())),
            BLUE,
        )?;
        curve(chart, &of(|frame| frame.iou), ORANGE)
    })
}

type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A line where neighbours have values, and a point where a value stands alone.
fn curve(chart: &mut Chart<'_, '_>, values: &[Option<f64>], colour: RGBColor) -> Drawn {
    let points: Vec<Option<(f64, f64)>> =
        (0..).map(f64::from).zip(values).map(|(x, y)| y.map(|y| (x, y))).collect();
    for run in points.split(Option::is_none).filter(|run| !run.is_empty()) {
        let run: Vec<(f64, f64)> = run.iter().flatten().copied().collect();
        if let [point] = run[..] {
            chart.draw_series([Circle::new(point, 3, colour.filled())])?;
        } else {
            chart.draw_series(LineSeries::new(run, colour.stroke_width(2)))?;
        }
    }
    Ok(())
}

/// A wide plot with a frame to a step.
fn plot(
    seen: &[&Shown],
    height: u32,
    (low, high): (f64, f64),
    draw: impl FnOnce(&mut Chart<'_, '_>) -> Drawn,
) -> String {
    let first = seen.first().map_or(0, |frame| frame.index);
    let strip = height < 100;
    svg(1060, height, |root| {
        let mut chart = ChartBuilder::on(root)
            .margin(6)
            .x_label_area_size(24)
            .y_label_area_size(70)
            .build_cartesian_2d(-0.5..(seen.len() as f64 - 0.5).max(0.5), low..high)?;
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh().light_line_style(TRANSPARENT).bold_line_style(LIGHT).x_labels(12);
        // Frames that follow each other are numbered as in the recording.
        let frame = |x: &f64| {
            let place = x.round();
            let index = seen.get(place as usize).map_or(first + place as usize, |frame| frame.index);
            if (x - place).abs() < 1e-6 && place >= 0.0 { index.to_string() } else { String::new() }
        };
        let digits = if high - low < 0.5 { 3 } else { 1 };
        let value = move |y: &f64| format!("{y:.digits$}");
        mesh.x_label_formatter(&frame).y_label_formatter(&value).y_labels(if strip { 0 } else { 5 });
        mesh.label_style(small()).axis_style(GREY).draw()?;
        draw(&mut chart)
    })
}
