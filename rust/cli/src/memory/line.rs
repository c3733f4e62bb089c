//! One reading as one line: what `--watch` prints where nobody sees a screen.

use std::io::{self, Write};

use headroom_memory::MemoryState;

use super::Look;
use super::share::{SharesOfBudget, percent};
use super::table::size;
use super::warning::Warning;
use crate::error::CliError;

pub(super) fn print(look: &Look) -> Result<(), CliError> {
    let mut output = io::stdout();
    let run = look.run.as_ref();
    let run = run.map_or_else(String::new, |run| run.pieces().join(", ") + "; ");
    writeln!(output, "{run}{}", line(&look.state))?;
    Ok(output.flush()?)
}

fn line(state: &MemoryState) -> String {
    let system = &state.system;
    let mlx = state.mlx.as_ref();
    let mut line = format!(
        "budget {}, used {} ({}), available {}, pressure {}, machine free {}, swap used {}, \
         disk free {}, MLX active {}, MLX cache {}, MLX peak {}",
        size(state.budget_bytes),
        size(state.used_bytes),
        percent(SharesOfBudget::of(state).used),
        size(state.available_bytes),
        state.pressure,
        size(system.free_or_reclaimable_bytes),
        size(system.swap_used_bytes),
        size(system.disk.map(|disk| disk.available_bytes)),
        size(mlx.map(|mlx| mlx.active_bytes)),
        size(mlx.map(|mlx| mlx.cache_bytes)),
        size(mlx.map(|mlx| mlx.peak_bytes)),
    );
    if let Some(warning) = Warning::of(state) {
        line += &format!(", warning: {warning}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::watch_model::examples::{state, unknown};

    #[test]
    fn a_reading_is_one_line() {
        assert_eq!(
            line(&state(25, 60)),
            "budget 8.0 GiB, used 2.0 GiB (25 %), available 4.8 GiB, pressure low, machine free \
             6.0 GiB, swap used 0 B, disk free 40.0 GiB, MLX active 1.5 GiB, MLX cache 16.0 MiB, \
             MLX peak 1.8 GiB"
        );
    }

    #[test]
    fn a_warning_ends_the_line() {
        let text = line(&state(92, 5));
        assert!(
            text.contains(", warning: 92 % of the budget is used"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_called_unknown() {
        let text = line(&unknown());
        assert!(text.starts_with("budget unknown, used unknown (unknown), available unknown"));
        assert!(text.ends_with("MLX active unknown, MLX cache unknown, MLX peak unknown"));
    }
}
