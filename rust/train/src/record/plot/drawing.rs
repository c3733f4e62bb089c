//! Panels as the text of an SVG file, one below the other.

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::panel::{Curve, Mark, Note, Panel};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Pixels.
const WIDTH: u32 = 960;
const PANEL_HEIGHT: u32 = 400;
const TITLE_HEIGHT: i32 = 34;
const LINE_HEIGHT: i32 = 24;
const LEFT: i32 = 22;
const TITLE: (&str, u32) = ("sans-serif", 20);
const TEXT: (&str, u32) = ("sans-serif", 14);
const SMALL_TEXT: (&str, u32) = ("sans-serif", 12);
const GREY: RGBColor = RGBColor(110, 110, 110);
const GRID: RGBColor = RGBColor(225, 225, 225);
const WARNING: RGBColor = RGBColor(180, 30, 40);

pub(super) fn draw(panels: &[Panel]) -> Result<String, Box<dyn std::error::Error>> {
    let mut svg = String::new();
    let heights: Vec<_> = panels.iter().map(height).collect();
    let whole = SVGBackend::with_string(&mut svg, (WIDTH, heights.iter().sum()));
    let mut rest = whole.into_drawing_area();
    rest.fill(&WHITE)?;
    for (panel, height) in panels.iter().zip(heights) {
        let (area, below) = rest.split_vertically(height);
        draw_panel(panel, &area)?;
        rest = below;
    }
    rest.present()?;
    // The text is whole once no area borrows it.
    drop(rest);
    Ok(svg)
}

fn height(panel: &Panel) -> u32 {
    let lines = legend_lines(panel).len() + panel.notes.len();
    PANEL_HEIGHT + LINE_HEIGHT.unsigned_abs() * u32::try_from(lines).unwrap_or(0)
}

fn draw_panel(panel: &Panel, area: &Area<'_>) -> Outcome {
    area.draw(&Text::new(panel.title, (LEFT, 12), TITLE))?;
    let mut y = TITLE_HEIGHT;
    for note in &panel.notes {
        let (text, colour) = match note {
            Note::Warning(text) => (text, &WARNING),
            Note::Remark(text) => (text, &GREY),
        };
        let style = TextStyle::from(TEXT).color(colour);
        area.draw(&Text::new(text.as_str(), (LEFT, y + 4), style))?;
        y += LINE_HEIGHT;
    }
    for line in legend_lines(panel) {
        draw_legend_line(&line, y, area)?;
        y += LINE_HEIGHT;
    }
    draw_chart(panel, &area.split_vertically(y).1)
}

/// As many entries on a line as it holds; each with its left end.
fn legend_lines(panel: &Panel) -> Vec<Vec<(i32, &Curve)>> {
    let mut lines: Vec<Vec<(i32, &Curve)>> = Vec::new();
    let mut x = i32::MAX;
    for curve in &panel.curves {
        let width = entry_width(&curve.name);
        if x.saturating_add(width) > WIDTH.cast_signed() {
            lines.push(Vec::new());
            x = LEFT;
        }
        if let Some(line) = lines.last_mut() {
            line.push((x, curve));
        }
        x += width;
    }
    lines
}

/// No more than the widest letters of such a text take: fonts differ, and none is at hand.
fn entry_width(name: &str) -> i32 {
    const LETTER_WIDTH: i32 = 8;
    let letters = i32::try_from(name.chars().count()).unwrap_or(i32::MAX / 16);
    58 + LETTER_WIDTH.saturating_mul(letters)
}

fn draw_legend_line(line: &[(i32, &Curve)], y: i32, area: &Area<'_>) -> Outcome {
    for &(x, curve) in line {
        let middle = y + LINE_HEIGHT / 2;
        let ends = [(x, middle), (x + 26, middle)];
        match curve.mark {
            Mark::Band(_) => {
                let block = [(x, middle - 5), (x + 26, middle + 5)];
                area.draw(&Rectangle::new(block, curve.colour.filled()))?;
            }
            Mark::Line(_) => area.draw(&PathElement::new(ends, curve.colour.stroke_width(2)))?,
            Mark::Dashed(_) => area.draw(&dashes(ends, curve.colour))?,
            Mark::Dotted(_) => {
                area.draw(&PathElement::new(ends, curve.colour.stroke_width(2)))?;
                area.draw(&Circle::new((x + 13, middle), 4, curve.colour.filled()))?;
            }
        }
        area.draw(&Text::new(curve.name.as_str(), (x + 34, y + 5), TEXT))?;
    }
    Ok(())
}

fn draw_chart(panel: &Panel, area: &Area<'_>) -> Outcome {
    let mut chart = ChartBuilder::on(area)
        .margin_top(14)
        .margin_right(34)
        .margin_left(10)
        .margin_bottom(8)
        .x_label_area_size(46)
        .y_label_area_size(70)
        .build_cartesian_2d(panel.x_range(), panel.y_range())?;
    draw_mesh(panel, &mut chart)?;
    for curve in &panel.curves {
        draw_curve(curve, &mut chart)?;
    }
    Ok(())
}

fn draw_mesh(panel: &Panel, chart: &mut Chart<'_, '_>) -> Outcome {
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GREY)
        .x_labels(8)
        .y_labels(7)
        .x_desc("steps")
        .y_desc(panel.y_name.as_str())
        .x_label_formatter(&|&step| whole_number(step))
        .y_label_formatter(&|value| format!("{value:.*}", panel.y_digits))
        .label_style(SMALL_TEXT)
        .axis_desc_style(TEXT)
        .draw()?;
    Ok(())
}

/// With a comma after each thousand; nothing for what lies between two steps.
fn whole_number(value: f64) -> String {
    if value.fract().abs() > 1e-6 {
        return String::new();
    }
    let digits = format!("{:.0}", value.abs());
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    match value < 0.0 {
        true => format!("-{shown}"),
        false => shown,
    }
}

fn draw_curve(curve: &Curve, chart: &mut Chart<'_, '_>) -> Outcome {
    /// More dots would hide the line.
    const MOST_DOTS: usize = 50;
    let colour = curve.colour;
    match &curve.mark {
        Mark::Band(band) => draw_band(band, colour, chart)?,
        Mark::Dashed(points) => {
            chart.draw_series([dashes(points.as_slice(), colour)])?;
            draw_dots(points, 1, colour, chart)?;
        }
        Mark::Line(points) => draw_line(points, 1, colour, chart)?,
        Mark::Dotted(points) => draw_line(points, MOST_DOTS, colour, chart)?,
    }
    Ok(())
}

/// With a dot at each point if there are no more than that many.
fn draw_line(
    points: &[(f64, f64)],
    most_dots: usize,
    colour: RGBColor,
    chart: &mut Chart<'_, '_>,
) -> Outcome {
    chart.draw_series([PathElement::new(points, colour.stroke_width(2))])?;
    draw_dots(points, most_dots, colour, chart)
}

fn draw_dots(
    points: &[(f64, f64)],
    most_dots: usize,
    colour: RGBColor,
    chart: &mut Chart<'_, '_>,
) -> Outcome {
    if points.len() <= most_dots {
        let dot = |&point| Circle::new(point, 4, colour.filled());
        chart.draw_series(points.iter().map(dot))?;
    }
    Ok(())
}

/// Its edge is drawn as well: where single steps are shown, it is all there is to see.
fn draw_band(band: &[(f64, f64, f64)], colour: RGBColor, chart: &mut Chart<'_, '_>) -> Outcome {
    let above = band.iter().map(|&(x, _, highest)| (x, highest));
    let below = band.iter().rev().map(|&(x, lowest, _)| (x, lowest));
    let outline: Vec<_> = above.chain(below).collect();
    chart.draw_series([Polygon::new(outline.clone(), colour.filled())])?;
    draw_line(&outline, 2, colour, chart)
}

fn dashes<Place: Clone>(
    points: impl Into<Vec<Place>>,
    colour: RGBColor,
) -> DashedPathElement<std::vec::IntoIter<Place>, i32> {
    DashedPathElement::new(points.into(), 7, 4, colour.stroke_width(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_whole_and_thousands_are_set_apart() {
        let shown = [0.0, 999.0, 1000.0, 1_234_567.0, -1.0, 0.5].map(whole_number);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567", "-1", ""]);
    }
}
