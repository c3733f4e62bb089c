//! `headroom cache-prompt`: a prompt computed once, kept in a file.

use std::io::{self, Write};
use std::process::ExitCode;

use headroom_engine::{
    CacheSettings, CacheState, Event, GenerateParameters, Generation, GenerationAids,
    GenerationSummary, PromptCache, StopReason,
};
use headroom_memory::ByteSize;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::arguments::CachePromptArguments;
use crate::error::CliError;
use crate::{interrupt, load, memory_use, prompt};

/// What was kept.
#[derive(Serialize)]
struct Kept {
    output: String,
    prompt_tokens: usize,
    prompt_tokens_per_second: Option<f64>,
    #[serde(flatten)]
    cache: CacheState,
    load_seconds: f64,
    peak_mlx_bytes: u64,
    peak_footprint_bytes: Option<u64>,
}

pub(crate) fn run(arguments: &CachePromptArguments) -> Result<ExitCode, CliError> {
    let text = prompt::text(&arguments.prompt)?;
    memory_use::prepare(&arguments.memory)?;
    let model = load::model(&arguments.model, memory_use::admission(&arguments.memory))?;
    let parameters = parameters(arguments)?;
    let cache = PromptCache::new(&model, CacheSettings::from(&parameters))?;
    let prompt = prompt::of(&arguments.prompt, &model, text);
    let aids = GenerationAids {
        cache: Some(cache.clone()),
        draft: None,
    };
    let generation = model.generate_with(&prompt, &parameters, &aids)?;
    interrupt::cancel_on_interrupt(generation.canceller());
    let summary = compute(generation)?;
    if summary.stop_reason == StopReason::Cancelled {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    let state = cache.state()?;
    if summary.time_to_first_token_seconds.is_none() || state.tokens == 0 {
        return Err(CliError::PromptNotCached);
    }
    cache.save(&arguments.output)?;
    print(arguments, &Kept::new(arguments, &summary, state))?;
    Ok(ExitCode::SUCCESS)
}

/// A prompt is computed on the way to a first token, which is not used.
fn parameters(arguments: &CachePromptArguments) -> Result<GenerateParameters, CliError> {
    let one_token = GenerateParameters {
        max_tokens: 1,
        ..GenerateParameters::default()
    };
    let mut parameters = memory_use::parameters(&arguments.memory, one_token)?;
    if let Some(prefill_step) = arguments.prefill_step {
        parameters.prefill_step = prefill_step;
    }
    Ok(arguments.kv_cache.over(parameters))
}

/// Shows how far it is, on a terminal only.
fn compute(generation: Generation) -> Result<GenerationSummary, CliError> {
    let bar = ProgressBar::new(0).with_style(style());
    for event in generation {
        match event? {
            Event::Prefill {
                done_tokens,
                total_tokens,
            } => {
                bar.set_length(total_tokens as u64);
                bar.set_position(done_tokens as u64);
            }
            Event::Memory(state) => memory_use::print_state(&state),
            Event::Action(report) => memory_use::print_action(&report),
            Event::Text(_) => {}
            Event::End(summary) => {
                bar.finish_and_clear();
                return Ok(summary);
            }
        }
    }
    unreachable!("a generation ends with a summary or an error")
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("Computing {bar:30} {pos} of {len} tokens")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Kept {
    fn new(
        arguments: &CachePromptArguments,
        summary: &GenerationSummary,
        cache: CacheState,
    ) -> Self {
        Self {
            output: arguments.output.display().to_string(),
            prompt_tokens: summary.prompt_tokens,
            prompt_tokens_per_second: summary.prompt_tokens_per_second,
            cache,
            load_seconds: summary.load_seconds,
            peak_mlx_bytes: summary.peak_mlx_bytes,
            peak_footprint_bytes: summary.peak_footprint_bytes,
        }
    }
}

fn print(arguments: &CachePromptArguments, kept: &Kept) -> Result<(), CliError> {
    let mut output = io::stdout();
    if arguments.json {
        let json = serde_json::to_string_pretty(kept).map_err(io::Error::other)?;
        writeln!(output, "{json}")?;
    } else {
        let size = ByteSize::from_bytes(kept.cache.bytes);
        writeln!(
            output,
            "{}: {} tokens, {size}",
            kept.output, kept.cache.tokens
        )?;
    }
    Ok(output.flush()?)
}
