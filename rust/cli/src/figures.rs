//! The figures of a generation, for people.

use std::io::{self, Write};

use headroom_engine::GenerationSummary;
use headroom_memory::ByteSize;

/// Prints to standard error, below the text. Nobody reading it is no failure.
pub(crate) fn print(summary: &GenerationSummary) {
    drop(writeln!(io::stderr()));
    row("load time", Some(format!("{:.3} s", summary.load_seconds)));
    row(
        "time to first token",
        summary
            .time_to_first_token_seconds
            .map(|seconds| format!("{seconds:.3} s")),
    );
    row(
        "prefill",
        speed(summary.prompt_tokens, summary.prompt_tokens_per_second),
    );
    row(
        "decode",
        speed(
            summary.generated_tokens,
            summary.generation_tokens_per_second,
        ),
    );
    row("KV cache", Some(size(summary.kv_cache_bytes)));
    row("peak of MLX's arrays", Some(size(summary.peak_mlx_bytes)));
    row("predicted", Some(size(summary.predicted_peak_mlx_bytes)));
    row("peak footprint", summary.peak_footprint_bytes.map(size));
    row("ended by", Some(summary.stop_reason.as_str().to_owned()));
}

/// One figure on standard error.
pub(crate) fn row(name: &str, value: Option<String>) {
    let value = value.unwrap_or_else(|| "unknown".to_owned());
    drop(writeln!(io::stderr(), "{name:>22}: {value}"));
}

fn speed(tokens: usize, tokens_per_second: Option<f64>) -> Option<String> {
    tokens_per_second.map(|speed| format!("{tokens} tokens, {speed:.1} tokens/s"))
}

pub(crate) fn size(bytes: u64) -> String {
    ByteSize::from_bytes(bytes).to_string()
}
