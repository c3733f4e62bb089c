//! Whole screens as text.

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::View;
use crate::memory::Look;
use crate::memory::palette::Palette;
use crate::memory::run_status::examples::running;
use crate::memory::watch_model::WatchModel;
use crate::memory::watch_model::examples::{look, state, unknown};

/// A minute in which other programs take more and more.
fn squeeze(last_used_percent: u64, last_available_percent: u64) -> WatchModel {
    let mut model = WatchModel::new(Duration::from_secs(2), look(state(5, 90)));
    for step in 1..30 {
        model.push(look(state(5 + step / 2, 90 - 2 * step)));
    }
    model.push(look(state(last_used_percent, last_available_percent)));
    model
}

/// The lines of a screen of this size, without the blanks at their ends.
fn screen(model: &WatchModel, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let view = View::new(model, Palette::Plain);
    terminal
        .draw(|frame| frame.render_widget(&view, frame.area()))
        .unwrap();
    let cells = terminal.backend().buffer().content();
    let lines = cells.chunks(width.into()).map(|row| {
        let text: String = row.iter().map(|cell| cell.symbol()).collect();
        text.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_screen(model: &WatchModel, (width, height): (u16, u16), expected: &str) {
    let drawn = screen(model, width, height);
    let drawn = drawn.trim_end();
    assert_eq!(drawn, expected.trim_matches('\n'), "\n{drawn}\n");
}

#[test]
fn a_usual_terminal_shows_everything() {
    assert_screen(
        &squeeze(25, 60),
        (80, 24),
        r"
pressure low   read every 2 s   q or Ctrl-C quits

used        ████████░░░░░░░░░░░░░░░░░░░░░░░░░░░     2.0 GiB of    8.0 GiB   25 %
used by all ██████████████░░░░░░░░░░░░░░░░░░░░░     3.2 GiB of    8.0 GiB   40 %
MLX active  ██████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░     1.5 GiB of    8.0 GiB   19 %
MLX cache   █████████████████░░░░░░░░░░░░░░░░░░    16.0 MiB of   32.0 MiB   50 %
MLX peak    ███████░░░░░░░░░░░░░░░░░░░░░░░░░░░░     1.8 GiB of    8.0 GiB   22 %

available 4.8 GiB   machine free 6.0 GiB of 16.0 GiB   swap used 0 B of 2.0 GiB
disk free 40.0 GiB

used by all, last 62 s: up to 68 %

                                                                            ▁▂▃
                                                                  ▁▂▃▄▄▅▆▇█████
                                                        ▁▂▃▄▄▅▆▇████████████████
                                                 ▄▄▅▆▇██████████████████████████
used, last 62 s: up to 25 %



                                                                               ▂
                                                 ▂▂▂▂▂▂▃▃▃▃▄▄▄▄▄▄▅▅▅▅▆▆▆▆▆▆▇▇▇▇█
",
    );
}

#[test]
fn a_warning_stands_below_the_pressure() {
    assert_screen(
        &squeeze(93, 3),
        (80, 16),
        r"
pressure critical   read every 2 s   q or Ctrl-C quits
93 % of the budget is used: end a generation or unload a model now, or the
system may end this process.
used        ████████████████████████████████░░░     7.4 GiB of    8.0 GiB   93 %
used by all █████████████████████████████████░░     7.8 GiB of    8.0 GiB   97 %
MLX active  ██████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░     1.5 GiB of    8.0 GiB   19 %
MLX cache   █████████████████░░░░░░░░░░░░░░░░░░    16.0 MiB of   32.0 MiB   50 %
MLX peak    ███████░░░░░░░░░░░░░░░░░░░░░░░░░░░░     1.8 GiB of    8.0 GiB   22 %
available 245.8 MiB   machine free 6.0 GiB of 16.0 GiB
swap used 0 B of 2.0 GiB   disk free 40.0 GiB
used by all, last 62 s: up to 97 %
                                                                         ▁▁▁▂▂▂▇
                                                 ▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███████████
used, last 62 s: up to 93 %
                                                                               ▆
                                                     ▁▁▁▁▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▂▂▂▂▂▃▃█
",
    );
}

#[test]
fn a_small_terminal_shows_shorter_figures_and_one_chart() {
    assert_screen(
        &squeeze(25, 60),
        (40, 10),
        r"
pressure low   q quits
used        ██░░░░░░░░░    2.0 GiB  25 %
used by all ████░░░░░░░    3.2 GiB  40 %
MLX active  ██░░░░░░░░░    1.5 GiB  19 %
MLX cache   █████░░░░░░   16.0 MiB  50 %
MLX peak    ██░░░░░░░░░    1.8 GiB  22 %
available 4.8 GiB   free 6.0 GiB
swap 0 B   disk free 40.0 GiB
used by all, last 62 s: up to 68 %
           ▁▁▁▁▁▁▂▂▂▂▂▂▃▃▃▃▃▃▄▄▄▄▄▄▄▅▅▅▃
",
    );
}

#[test]
fn in_a_small_terminal_a_warning_comes_before_charts_and_figures() {
    assert_screen(
        &squeeze(93, 3),
        (40, 10),
        r"
pressure critical   q quits
93 % of the budget is used: end a
generation or unload a model now, or the
system may end this process.
used        ██████████░    7.4 GiB  93 %
used by all ██████████░    7.8 GiB  97 %
MLX active  ██░░░░░░░░░    1.5 GiB  19 %
MLX cache   █████░░░░░░   16.0 MiB  50 %
MLX peak    ██░░░░░░░░░    1.8 GiB  22 %
available 245.8 MiB   free 6.0 GiB
",
    );
}

#[test]
fn a_tiny_terminal_keeps_the_pressure_and_the_shares() {
    assert_screen(
        &squeeze(25, 60),
        (24, 4),
        r"
pressure low
used        █░░░░░  25 %
used by all ██░░░░  40 %
MLX active  █░░░░░  19 %
",
    );
}

#[test]
fn what_cannot_be_read_is_called_unknown() {
    assert_screen(
        &WatchModel::new(Duration::from_secs(2), look(unknown())),
        (80, 14),
        r"
pressure low   read every 2 s   q or Ctrl-C quits
used        ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░                          unknown
used by all ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░                          unknown
MLX active  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░                          unknown
MLX cache   ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░                          unknown
MLX peak    ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░                          unknown
available unknown   machine free unknown of unknown
swap used unknown of unknown   disk free unknown
used by all, last 2 s: up to unknown
                                                                               ?
                                                                               ?
used, last 2 s: up to unknown
                                                                               ?
                                                                               ?
",
    );
}

/// A run beside a process that uses little.
fn with_run() -> WatchModel {
    let look = Look {
        state: state(5, 90),
        run: Some(running(true)),
    };
    WatchModel::new(Duration::from_secs(2), look)
}

#[test]
fn a_run_stands_above_the_bars() {
    assert_screen(
        &with_run(),
        (80, 18),
        r"
pressure low   read every 2 s   q or Ctrl-C quits

training in process 77   step 1,250   loss 3.2500   1.5000 bits per byte
12,345 tokens/s

run used    ████████████████████░░░░░░░░░░░░░░░   600.0 MiB of    1.0 GiB   59 %
used by all ███░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░   819.2 MiB of    8.0 GiB   10 %
run active  ██████████░░░░░░░░░░░░░░░░░░░░░░░░░   300.0 MiB of    1.0 GiB   29 %
run cache   ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░    20.0 MiB of    1.0 GiB    2 %
run peak    █████████████████░░░░░░░░░░░░░░░░░░   500.0 MiB of    1.0 GiB   49 %

available 7.2 GiB   machine free 6.0 GiB of 16.0 GiB   swap used 0 B of 2.0 GiB
disk free 40.0 GiB

used by all, last 2 s: up to 10 %

used, last 2 s: up to 59 %
                                                                               ▄
",
    );
}

#[test]
fn every_size_can_be_drawn() {
    for model in [
        squeeze(93, 3),
        with_run(),
        WatchModel::new(Duration::from_secs(2), look(unknown())),
    ] {
        for width in [1, 2, 9, 17, 18, 29, 30, 33, 34, 63, 64, 300] {
            for height in 1..26 {
                assert!(!screen(&model, width, height).trim().is_empty());
            }
        }
    }
}
