//! What is held, as parts of what may be held.

use headroom_memory::{ByteSize, MemoryState, Pressure};
use headroom_train::record::StepRecord;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::widgets::{LineGauge, Widget};

use crate::memory::palette::Palette;
use crate::memory::run_status::RunStatus;
use crate::memory::share::{percent, share, taken_bytes};
use crate::memory::watch_model::WatchModel;

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

/// Draws a bar a line, the most important first, as many as there is room for. Of a training run that is
/// watched, its own figures are shown: this process holds next to nothing.
pub(super) fn render(model: &WatchModel, palette: Palette, area: Rect, buffer: &mut Buffer) {
    let state = model.latest();
    let bars = match model.run().and_then(RunStatus::step) {
        Some(step) => run_bars(step, state, palette),
        None => own_bars(state, palette),
    };
    for (bar, row) in bars.iter().zip(area.rows()) {
        bar.render(row, palette, buffer);
    }
}

fn own_bars(state: &MemoryState, palette: Palette) -> [Bar; COUNT as usize] {
    let mlx = state.mlx.as_ref();
    let bar = |name, part_bytes, whole_bytes, style| Bar {
        name,
        part_bytes,
        whole_bytes,
        style,
    };
    let budget = state.budget_bytes;
    let used = palette.pressure(state.pressure);
    let other = palette.neutral();
    [
        bar("used", state.used_bytes, budget, used),
        all_bar(state, palette),
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

fn run_bars(step: &StepRecord, state: &MemoryState, palette: Palette) -> [Bar; COUNT as usize] {
    let bar = |name, part_bytes, style| Bar {
        name,
        part_bytes,
        whole_bytes: step.budget_bytes,
        style,
    };
    let other = palette.neutral();
    let used = share(step.footprint_bytes, step.budget_bytes);
    [
        bar("run used", step.footprint_bytes, by_share(used, palette)),
        all_bar(state, palette),
        bar("run active", Some(step.active_bytes), other),
        bar("run cache", Some(step.cache_bytes), other),
        bar("run peak", Some(step.peak_bytes), other),
    ]
}

fn all_bar(state: &MemoryState, palette: Palette) -> Bar {
    let taken = share(taken_bytes(state), state.budget_bytes);
    Bar {
        name: "used by all",
        part_bytes: taken_bytes(state),
        whole_bytes: state.budget_bytes,
        style: by_share(taken, palette),
    }
}

fn by_share(share: Option<f64>, palette: Palette) -> Style {
    share.map_or(palette.neutral(), |share| {
        palette.pressure(Pressure::from_ratio(share))
    })
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
