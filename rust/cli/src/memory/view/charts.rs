//! The last minutes, a column a reading, the newest at the right. A full column is the budget.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{RenderDirection, Sparkline, Widget};

use crate::memory::palette::Palette;
use crate::memory::share::{SharesOfBudget, percent};
use crate::memory::watch_model::WatchModel;

/// Lines that one chart needs: its title and one for the columns.
const LEAST_HEIGHT: u16 = 2;
/// Higher columns show nothing that these do not.
const MOST_HEIGHT: u16 = 9;

/// One chart and the share that it shows.
struct Chart {
    name: &'static str,
    share: fn(SharesOfBudget) -> Option<f64>,
}

const CHARTS: [Chart; 2] = [
    Chart {
        name: "used by all",
        share: |shares| shares.taken,
    },
    Chart {
        name: "used",
        share: |shares| shares.used,
    },
];

/// Draws both charts, or the first where there is room for one.
pub(super) fn render(model: &WatchModel, palette: Palette, area: Rect, buffer: &mut Buffer) {
    let count = (area.height / LEAST_HEIGHT).min(2);
    if count == 0 {
        return;
    }
    let height = (area.height / count).min(MOST_HEIGHT);
    let rows = Layout::vertical((0..count).map(|_| Constraint::Length(height))).split(area);
    for (chart, row) in CHARTS.iter().zip(rows.iter()) {
        chart.render(model, palette, *row, buffer);
    }
}

impl Chart {
    fn render(&self, model: &WatchModel, palette: Palette, area: Rect, buffer: &mut Buffer) {
        let [title, columns] =
            Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(area);
        let shares: Vec<_> = model
            .history()
            .take(area.width.into())
            .map(self.share)
            .collect();
        let text = self.title(&shares, model.interval());
        Line::styled(text, palette.faint()).render(title, buffer);
        Sparkline::default()
            .data(shares.into_iter().map(per_mille).collect::<Vec<_>>())
            .max(1000)
            .absent_value_symbol("?")
            .direction(RenderDirection::RightToLeft)
            .style(palette.neutral())
            .render(columns, buffer);
    }

    /// Names the time that all columns span, and the largest share among them.
    fn title(&self, shares: &[Option<f64>], interval: Duration) -> String {
        let readings = u32::try_from(shares.len()).unwrap_or(u32::MAX);
        let most = shares.iter().flatten().copied().reduce(f64::max);
        format!(
            "{}, last {}: up to {}",
            self.name,
            span(interval.saturating_mul(readings)),
            percent(most)
        )
    }
}

fn per_mille(share: Option<f64>) -> Option<u64> {
    share.map(|share| (share.clamp(0.0, 1.0) * 1000.0).round() as u64)
}

/// A time in the unit that people would use.
fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_unit_that_people_use() {
        assert_eq!(span(Duration::from_secs(2)), "2 s");
        assert_eq!(span(Duration::from_secs(119)), "119 s");
        assert_eq!(span(Duration::from_secs(180)), "3 min");
        assert_eq!(span(Duration::from_secs(8000)), "2 h");
    }

    #[test]
    fn a_share_above_all_is_a_full_column() {
        assert_eq!(per_mille(Some(1.7)), Some(1000));
        assert_eq!(per_mille(Some(0.25)), Some(250));
        assert_eq!(per_mille(None), None);
    }
}
