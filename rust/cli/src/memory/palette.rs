//! Colours, which always accompany a word and never replace it.

use headroom_memory::Pressure;
use ratatui::style::{Color, Modifier, Style};

use super::warning::Urgency;

/// How to tell things apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Palette {
    Coloured,
    /// Bold and reversed text only.
    Plain,
}

impl Palette {
    /// Plain where the variable `NO_COLOR` is set to anything (<https://no-color.org>).
    pub(super) fn from_environment() -> Self {
        match std::env::var_os("NO_COLOR") {
            Some(value) if !value.is_empty() => Self::Plain,
            _ => Self::Coloured,
        }
    }

    pub(super) fn pressure(self, level: Pressure) -> Style {
        let colour = match level {
            Pressure::Low => Color::Green,
            Pressure::Medium => Color::Yellow,
            Pressure::High => Color::LightRed,
            Pressure::Critical => Color::Red,
        };
        self.foreground(colour)
    }

    /// A bar that is neither good nor bad.
    pub(super) fn neutral(self) -> Style {
        self.foreground(Color::Cyan)
    }

    /// The rest of a bar, and what explains other things.
    pub(super) fn faint(self) -> Style {
        self.foreground(Color::DarkGray)
    }

    pub(super) fn warning(self, urgency: Urgency) -> Style {
        match (self, urgency) {
            (Self::Coloured, Urgency::Soon) => Style::new().fg(Color::Yellow),
            (Self::Coloured, Urgency::Now) => Style::new().fg(Color::White).bg(Color::Red),
            (Self::Plain, Urgency::Soon) => Style::new().add_modifier(Modifier::BOLD),
            (Self::Plain, Urgency::Now) => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    fn foreground(self, colour: Color) -> Style {
        match self {
            Self::Coloured => Style::new().fg(colour),
            Self::Plain => Style::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_palette_has_no_colour() {
        let plain = Palette::Plain;
        let styles = [
            plain.pressure(Pressure::Critical),
            plain.neutral(),
            plain.faint(),
            plain.warning(Urgency::Soon),
            plain.warning(Urgency::Now),
        ];
        for style in styles {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }

    #[test]
    fn every_pressure_has_its_own_colour() {
        let levels = [
            Pressure::Low,
            Pressure::Medium,
            Pressure::High,
            Pressure::Critical,
        ];
        let colours = levels.map(|level| Palette::Coloured.pressure(level).fg);
        for (at, colour) in colours.iter().enumerate() {
            assert!(!colours[..at].contains(colour));
        }
    }
}
