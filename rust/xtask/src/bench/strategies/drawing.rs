//! The outcomes as a plot: three panels with a bar per strategy and subject, and a line per target.

use anyhow::Result;
use plotters::coord::types::RangedCoordf64;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::outcome::Outcome;

mod panel;

use panel::{Bar, Panel};

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Pixels.
const SIZE: (u32, u32) = (1260, 420);
const LEGEND_HEIGHT: i32 = 40;
/// One per subject; a third subject would need a third.
const COLOURS: [RGBColor; 2] = [RGBColor(58, 110, 165), RGBColor(222, 143, 45)];
const TARGET_COLOUR: RGBColor = RGBColor(180, 30, 40);
const TEXT: (&str, u32) = ("sans-serif", 14);
const SMALL_TEXT: (&str, u32) = ("sans-serif", 11);
/// Of a bar, where strategies are 1 apart.
const BAR_WIDTH: f64 = 0.38;

/// Returns the text of an SVG file.
pub(crate) fn draw(outcomes: &[Outcome]) -> Result<String> {
    let mut svg = String::new();
    let whole = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    whole.fill(&WHITE)?;
    let (top, rest) = whole.split_vertically(LEGEND_HEIGHT);
    draw_legend(&top, outcomes)?;
    for (panel, area) in panel::all(outcomes).iter().zip(rest.split_evenly((1, 3))) {
        draw_panel(panel, &area)?;
    }
    whole.present()?;
    // The text is whole once no area borrows it.
    drop((whole, top, rest));
    Ok(svg)
}

fn colour(subject: usize) -> RGBColor {
    COLOURS[subject % COLOURS.len()]
}

fn draw_legend(area: &Area<'_>, outcomes: &[Outcome]) -> Result<()> {
    const ENTRY_WIDTH: i32 = 420;
    let names = outcomes.iter().map(|outcome| outcome.subject);
    for (subject, (name, x)) in names.zip((20..).step_by(ENTRY_WIDTH as usize)).enumerate() {
        let square = [(x, 14), (x + 14, 28)];
        area.draw(&Rectangle::new(square, colour(subject).filled()))?;
        area.draw(&Text::new(name, (x + 22, 16), TEXT))?;
    }
    let x = 20 + ENTRY_WIDTH * outcomes.len() as i32;
    area.draw(&dashes([(x, 21), (x + 24, 21)]))?;
    area.draw(&Text::new("target", (x + 32, 16), TEXT))?;
    Ok(())
}

fn draw_panel(panel: &Panel, area: &Area<'_>) -> Result<()> {
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, TEXT)
        .margin(10)
        .x_label_area_size(28)
        .y_label_area_size(44)
        .build_cartesian_2d(panel.places(), 0.0..panel.top_percent())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(TRANSPARENT)
        .y_label_formatter(&|percent| format!("{} %", (10.0 * percent).round() / 10.0))
        .label_style(SMALL_TEXT)
        .draw()?;
    draw_names(panel, &mut chart)?;
    for bar in &panel.bars {
        draw_bar(bar, panel.top_percent(), &mut chart)?;
    }
    Ok(())
}

/// The names of the strategies, below the axis.
fn draw_names(panel: &Panel, chart: &mut Chart<'_, '_>) -> Result<()> {
    let centred = centred(VPos::Top);
    chart.draw_series(panel.names.iter().enumerate().map(|(place, name)| {
        EmptyElement::at((place as f64, 0.0)) + Text::new(*name, (0, 6), centred.clone())
    }))?;
    Ok(())
}

fn draw_bar(bar: &Bar, top_percent: f64, chart: &mut Chart<'_, '_>) -> Result<()> {
    let (left, right) = bar.edges(BAR_WIDTH);
    let body = Rectangle::new(
        [(left, 0.0), (right, bar.percent)],
        colour(bar.subject).filled(),
    );
    chart.draw_series([body])?;
    let label = Text::new(bar.label.clone(), (0, -2), centred(VPos::Bottom));
    let middle = (left + right) / 2.0;
    chart.draw_series([EmptyElement::at((middle, bar.label_percent(top_percent))) + label])?;
    if let Some(target) = bar.target_percent {
        chart.draw_series([dashes([(left, target), (right, target)])])?;
    }
    Ok(())
}

fn centred(vertical: VPos) -> TextStyle<'static> {
    TextStyle::from(SMALL_TEXT.into_font()).pos(Pos::new(HPos::Center, vertical))
}

fn dashes<Place>(ends: [Place; 2]) -> DashedPathElement<std::array::IntoIter<Place, 2>, i32>
where
    Place: Clone,
{
    DashedPathElement::new(ends, 5, 3, TARGET_COLOUR.stroke_width(2))
}

#[cfg(test)]
mod tests {
    use headroom_memory::Strategy;

    use super::*;
    use crate::bench::strategies::outcome::tests::outcome;

    #[test]
    fn the_plot_names_every_subject_and_every_strategy() {
        let svg = draw(&[outcome()]).unwrap();
        assert!(svg.trim_end().ends_with("</svg>"));
        for name in Strategy::ALL.map(Strategy::as_str) {
            assert_eq!(svg.matches(name).count(), 3, "{name}");
        }
        assert!(svg.contains(outcome().subject));
    }
}
