//! The terminal as a screen of our own, given back however the view ends.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::{DefaultTerminal, Frame};

use crate::interrupt;

/// Set by a signal that asks the program to end.
static IS_TERMINATED: AtomicBool = AtomicBool::new(false);

/// How often a signal is looked for; short for a person, long for a processor.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(100);

/// Raw mode and the alternate screen, from now until it is dropped: at the end, at an error, at a
/// panic.
pub(super) struct Screen {
    terminal: DefaultTerminal,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// Time to read again.
    IntervalOver,
    /// The terminal has another size.
    Resized,
    /// A key asked to leave.
    Leave,
    /// A signal asked to leave.
    Terminated,
}

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        interrupt::call_on_interrupt(|| IS_TERMINATED.store(true, Ordering::Relaxed));
        match ratatui::try_init() {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                drop(ratatui::try_restore());
                Err(error)
            }
        }
    }

    pub(super) fn draw(&mut self, content: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.terminal.draw(content)?;
        Ok(())
    }

    /// Waits until the interval since `start` is over, or for something that comes before.
    pub(super) fn wait(&self, start: Instant, interval: Duration) -> io::Result<Wake> {
        loop {
            if IS_TERMINATED.load(Ordering::Relaxed) {
                return Ok(Wake::Terminated);
            }
            let left = interval.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(Wake::IntervalOver);
            }
            if event::poll(left.min(SIGNAL_INTERVAL))?
                && let Some(wake) = wake(&event::read()?)
            {
                return Ok(wake);
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        drop(ratatui::try_restore());
    }
}

fn wake(event: &Event) -> Option<Wake> {
    match event {
        Event::Resize(..) => Some(Wake::Resized),
        Event::Key(key) if asks_to_leave(key) => Some(Wake::Leave),
        _ => None,
    }
}

/// Raw mode turns Ctrl-C from a signal into a key.
fn asks_to_leave(key: &KeyEvent) -> bool {
    let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
    let is_asking = match key.code {
        KeyCode::Char('q' | 'Q') | KeyCode::Esc => true,
        KeyCode::Char('c') => has_control,
        _ => false,
    };
    is_asking && key.kind == KeyEventKind::Press
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Option<Wake> {
        wake(&Event::Key(KeyEvent::new(code, modifiers)))
    }

    #[test]
    fn q_escape_and_control_c_leave() {
        let plain = KeyModifiers::NONE;
        assert_eq!(pressed(KeyCode::Char('q'), plain), Some(Wake::Leave));
        assert_eq!(pressed(KeyCode::Esc, plain), Some(Wake::Leave));
        let control_c = pressed(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(control_c, Some(Wake::Leave));
    }

    #[test]
    fn other_keys_change_nothing() {
        assert_eq!(pressed(KeyCode::Char('c'), KeyModifiers::NONE), None);
        assert_eq!(pressed(KeyCode::Enter, KeyModifiers::NONE), None);
    }

    #[test]
    fn a_new_size_is_drawn_at_once() {
        assert_eq!(wake(&Event::Resize(40, 10)), Some(Wake::Resized));
    }
}
