//! Which part of the screen shows what.

use ratatui::layout::{Constraint, Layout, Rect};

use super::bars;

/// Lines that the parts would like, those of a fixed size left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) warning: usize,
    pub(super) run: usize,
    pub(super) figures: usize,
}

/// Where each part goes; a part without room has no lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sections {
    pub(super) header: Rect,
    pub(super) warning: Rect,
    pub(super) run: Rect,
    pub(super) bars: Rect,
    pub(super) figures: Rect,
    pub(super) charts: Rect,
}

/// From this height on, an empty line sets the parts apart.
const ROOMY: u16 = 18;

impl Sections {
    /// The header first, then the warning (never more than half of the screen), the run, bars and
    /// figures get what they want, as far as there is room; charts take what is left.
    pub(super) fn of(area: Rect, wanted: Wanted) -> Self {
        let gap = u16::from(area.height >= ROOMY);
        let gap_before = |lines: usize| if lines > 0 { gap } else { 0 };
        let mut left = area.height;
        let mut take = |lines: u16| {
            let taken = lines.min(left);
            left -= taken;
            Constraint::Length(taken)
        };
        let constraints = [
            take(1),
            take(gap_before(wanted.warning)),
            take(lines(wanted.warning).min(area.height / 2)),
            take(gap_before(wanted.run)),
            take(lines(wanted.run)),
            take(gap),
            take(bars::COUNT),
            take(gap),
            take(lines(wanted.figures)),
            take(gap),
            Constraint::Min(0),
        ];
        let [header, _, warning, _, run, _, bars, _, figures, _, charts] =
            Layout::vertical(constraints).areas(area);
        Self {
            header,
            warning,
            run,
            bars,
            figures,
            charts,
        }
    }
}

fn lines(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heights(height: u16) -> [u16; 5] {
        let wanted = Wanted {
            warning: 2,
            run: 0,
            figures: 2,
        };
        let sections = Sections::of(Rect::new(0, 0, 40, height), wanted);
        [
            sections.header,
            sections.warning,
            sections.bars,
            sections.figures,
            sections.charts,
        ]
        .map(|section| section.height)
    }

    #[test]
    fn what_matters_most_is_left_when_room_is_short() {
        assert_eq!(heights(0), [0, 0, 0, 0, 0]);
        assert_eq!(heights(1), [1, 0, 0, 0, 0]);
        assert_eq!(heights(4), [1, 2, 1, 0, 0]);
        assert_eq!(heights(9), [1, 2, 5, 1, 0]);
        assert_eq!(heights(10), [1, 2, 5, 2, 0]);
        assert_eq!(heights(24), [1, 2, 5, 2, 10]);
    }
}
