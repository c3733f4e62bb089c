//! The drawing of the live view: a function of the model, the palette and the size of the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

mod bars;
mod charts;
mod figures;
mod flow;
mod sections;

#[cfg(test)]
mod snapshots;

use super::palette::Palette;
use super::run_status::RunStatus;
use super::warning::Warning;
use super::watch_model::WatchModel;
use flow::flow;
use sections::{Sections, Wanted};

/// One screen.
pub(super) struct View<'a> {
    model: &'a WatchModel,
    palette: Palette,
}

impl<'a> View<'a> {
    pub(super) fn new(model: &'a WatchModel, palette: Palette) -> Self {
        Self { model, palette }
    }

    fn header(&self, width: u16) -> Line<'static> {
        let pressure = self.model.latest().pressure;
        let every = self.model.interval().as_secs();
        let (name, rest) = match width {
            0..18 => ("", String::new()),
            18..30 => ("pressure ", String::new()),
            30..60 => ("pressure ", "   q quits".to_owned()),
            60.. => (
                "pressure ",
                format!("   read every {every} s   q or Ctrl-C quits"),
            ),
        };
        let level = self.palette.pressure(pressure).add_modifier(Modifier::BOLD);
        Line::from(vec![
            Span::styled(name, Modifier::BOLD),
            Span::styled(pressure.as_str(), level),
            Span::styled(rest, self.palette.faint()),
        ])
    }

    /// Nothing where no run is watched.
    fn run(&self, width: u16) -> Vec<String> {
        let run = self.model.run();
        flow(run.map_or_else(Vec::new, RunStatus::progress), "   ", width)
    }

    fn warning(&self, width: u16) -> Vec<Line<'static>> {
        let Some(warning) = Warning::of(self.model.latest()) else {
            return Vec::new();
        };
        let style = self.palette.warning(warning.urgency);
        let lines = flow(warning.to_string().split_whitespace(), " ", width);
        lines
            .into_iter()
            .map(|line| Line::styled(line, style))
            .collect()
    }
}

impl Widget for &View<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let state = self.model.latest();
        let warning = self.warning(area.width);
        let run = self.run(area.width);
        let figures = figures::lines(state, area.width);
        let wanted = Wanted {
            warning: warning.len(),
            run: run.len(),
            figures: figures.len(),
        };
        let sections = Sections::of(area, wanted);
        self.header(area.width).render(sections.header, buffer);
        Paragraph::new(warning).render(sections.warning, buffer);
        Paragraph::new(run.join("\n")).render(sections.run, buffer);
        bars::render(self.model, self.palette, sections.bars, buffer);
        Paragraph::new(figures.join("\n")).render(sections.figures, buffer);
        charts::render(self.model, self.palette, sections.charts, buffer);
    }
}
