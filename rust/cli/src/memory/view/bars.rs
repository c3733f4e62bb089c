//! What is held, as parts of what may be held.

use headroom_memory::{ByteSize, MemoryState, Pressure};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::widgets::{LineGauge, Widget};

use crate::memory::palette::Palette;
use crate::memory::share::{percent, share, taken_bytes};

/// How many there are.
pub(super) const COUNT: u16 = 5;

/// From this width on, a bar tells its bytes.
const NARROW: u16 = 34;
/// From this width on, it tells its whole, too.
const WIDE: u16 = 64;

/// A bar: a name, a part and its whole.
struct Bar {
    name: &'static str,
    part_bytes: Option<u64>,
    whole_bytes: Option<u64>,
    style: Style,
}

/// Draws a bar a line, the most important first, as many as there is room for.
pub(super) fn render(state: &MemoryState, palette: Palette, area: Rect, buffer: &mut Buffer) {
    for (bar, row) in bars(state, palette).iter().zip(area.rows()) {
        bar.render(row, palette, buffer);
    }
}

fn bars(state: &MemoryState, palette: Palette) -> [Bar; COUNT as usize] {
    let mlx = state.mlx.as_ref();
    let bar = |name, part_bytes, whole_bytes, style| Bar {
        name,
        part_bytes,
        whole_bytes,
        style,
    };
    let budget = state.budget_bytes;
    let used = palette.pressure(state.pressure);
    let taken = share(taken_bytes(state), budget).map_or(palette.neutral(), |taken| {
        palette.pressure(Pressure::from_ratio(taken))
    });
    let other = palette.neutral();
    [
        bar("used", state.used_bytes, budget, used),
        bar("used by all", taken_bytes(state), budget, taken),
        bar("MLX active", mlx.map(|mlx| mlx.active_bytes), budget, other),
        bar(
            "MLX cache",
            mlx.map(|mlx| mlx.cache_bytes),
            mlx.map(|mlx| mlx.cache_limit_bytes),
            other,
        ),
        bar("MLX peak", mlx.map(|mlx| mlx.peak_bytes), budget, other),
    ]
}

impl Bar {
    fn render(&self, row: Rect, palette: Palette, buffer: &mut Buffer) {
        let text = self.text(row.width);
        let text_width = u16::try_from(text.len()).unwrap_or(u16::MAX);
        let [bar, figures] =
            Layout::horizontal([Constraint::Min(0), Constraint::Length(text_width)]).areas(row);
        LineGauge::default()
            .ratio(self.share().unwrap_or(0.0).clamp(0.0, 1.0))
            .label(format!("{:<11}", self.name))
            .filled_symbol("█")
            .unfilled_symbol("░")
            .filled_style(self.style)
            .unfilled_style(palette.faint())
            .render(bar, buffer);
        text.render(figures, buffer);
    }

    /// The bar's figures, as many as there is room for, equally wide for all bars.
    fn text(&self, width: u16) -> String {
        let share = percent(self.share());
        let size = ByteSize::from_bytes;
        let (part, whole) = (self.part_bytes.map(size), self.whole_bytes.map(size));
        match width {
            0..NARROW => format!(" {share:>5}"),
            NARROW..WIDE => match part.zip(whole) {
                Some((part, _)) => format!(" {part:>10} {share:>5}"),
                None => format!(" {:>16}", shown(part)),
            },
            WIDE.. => match part.zip(whole) {
                Some((part, whole)) => format!("  {part:>10} of {whole:>10}  {share:>5}"),
                None => format!("  {:>31}", shown(part)),
            },
        }
    }

    fn share(&self) -> Option<f64> {
        share(self.part_bytes, self.whole_bytes)
    }
}

fn shown(size: Option<ByteSize>) -> String {
    size.map_or_else(|| "unknown".to_owned(), |size| size.to_string())
}
