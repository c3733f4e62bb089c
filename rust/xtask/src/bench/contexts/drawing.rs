//! What caches take as they grow, as a plot: what they hold, and the peak of MLX's arrays while a token
//! is made; a colour per kind, a line for Headroom and circles for mlx-lm.

use anyhow::Result;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::kind::Kind;
use super::program::{Contender, Sample};
use super::runs::Runs;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Pixels.
const SIZE: (u32, u32) = (1180, 520);
const LEGEND_HEIGHT: i32 = 44;
const TEXT: (&str, u32) = ("sans-serif", 14);
const SMALL_TEXT: (&str, u32) = ("sans-serif", 11);
/// Room above the highest point.
const HEIGHT_OVER_HIGHEST: f64 = 1.05;

/// One figure of all kinds.
struct Panel {
    title: &'static str,
    bytes: fn(&Sample) -> u64,
}

const PANELS: [Panel; 2] = [
    Panel {
        title: "KV cache, MiB",
        bytes: |sample| sample.cache_bytes,
    },
    Panel {
        title: "Peak of MLX's arrays while a token is made, MiB",
        bytes: |sample| sample.peak_bytes,
    },
];

/// Thousands of tokens (of 1,024), MiB.
type Curve = Vec<(f64, f64)>;

/// Returns the text of an SVG file.
pub(crate) fn draw(runs: &Runs) -> Result<String> {
    let mut svg = String::new();
    let whole = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    whole.fill(&WHITE)?;
    let (top, rest) = whole.split_vertically(LEGEND_HEIGHT);
    draw_legend(&top)?;
    for (panel, area) in PANELS.iter().zip(rest.split_evenly((1, 2))) {
        draw_panel(panel, runs, &area)?;
    }
    whole.present()?;
    // The text is whole once no area borrows it.
    drop((whole, top, rest));
    Ok(svg)
}

fn colour(kind: Kind) -> RGBColor {
    match kind {
        Kind::Plain => RGBColor(58, 110, 165),
        Kind::Bfloat16 => RGBColor(108, 176, 214),
        Kind::EightBits => RGBColor(222, 143, 45),
        Kind::FourBits => RGBColor(176, 62, 44),
        Kind::Rotating => RGBColor(74, 146, 84),
        Kind::RotatingFourBits => RGBColor(134, 90, 160),
    }
}

fn draw_legend(area: &Area<'_>) -> Result<()> {
    const ENTRY_WIDTH: i32 = 145;
    for (kind, x) in Kind::ALL
        .into_iter()
        .zip((20..).step_by(ENTRY_WIDTH as usize))
    {
        let square = [(x, 14), (x + 14, 28)];
        area.draw(&Rectangle::new(square, colour(kind).filled()))?;
        area.draw(&Text::new(kind.name(), (x + 22, 16), TEXT))?;
    }
    let x = 20 + ENTRY_WIDTH * Kind::ALL.len() as i32;
    area.draw(&PathElement::new(
        [(x, 21), (x + 24, 21)],
        BLACK.stroke_width(2),
    ))?;
    area.draw(&Text::new("headroom", (x + 32, 16), TEXT))?;
    area.draw(&Circle::new((x + 130, 21), 4, BLACK.stroke_width(1)))?;
    area.draw(&Text::new("mlx-lm", (x + 142, 16), TEXT))?;
    Ok(())
}

fn draw_panel(panel: &Panel, runs: &Runs, area: &Area<'_>) -> Result<()> {
    let curves = Kind::ALL.map(|kind| {
        let of = |contender| curve(runs, contender, kind, panel.bytes);
        (kind, of(Contender::Headroom), of(Contender::MlxLm))
    });
    let points = || {
        curves
            .iter()
            .flat_map(|(_, ours, theirs)| ours.iter().chain(theirs))
    };
    let highest = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(1.0, f64::max);
    let (right, top) = (highest(|point| point.0), highest(|point| point.1));
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, TEXT)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..right, 0.0..HEIGHT_OVER_HIGHEST * top)?;
    draw_mesh(&mut chart)?;
    for (kind, ours, theirs) in curves {
        let colour = colour(kind);
        chart.draw_series([PathElement::new(ours, colour.stroke_width(2))])?;
        let circle = |point| Circle::new(point, 4, colour.stroke_width(1));
        chart.draw_series(theirs.into_iter().map(circle))?;
    }
    Ok(())
}

fn draw_mesh(chart: &mut Chart<'_, '_>) -> Result<()> {
    const MARKS: usize = 9;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(MARKS)
        .x_desc("tokens of context (1k = 1,024)")
        .x_label_formatter(&|thousands| format!("{thousands}k"))
        .y_label_formatter(&|mebibytes| format!("{mebibytes}"))
        .label_style(SMALL_TEXT)
        .draw()?;
    Ok(())
}

fn curve(runs: &Runs, contender: Contender, kind: Kind, bytes: fn(&Sample) -> u64) -> Curve {
    let points = runs.curve(contender, kind, bytes).into_iter();
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    points
        .map(|(context, bytes)| (f64::from(context) / 1024.0, mebibytes(bytes)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::contexts::runs::tests::example;

    #[test]
    fn the_plot_names_every_kind_and_draws_both_contenders() {
        let svg = draw(&example()).unwrap();
        assert!(svg.trim_end().ends_with("</svg>"));
        for kind in Kind::ALL {
            assert!(svg.contains(kind.name()), "{}", kind.name());
        }
        let legend = 1;
        assert_eq!(svg.matches("<circle").count(), legend + PANELS.len());
    }
}
