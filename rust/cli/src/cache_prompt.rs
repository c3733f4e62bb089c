//! `headroom cache-prompt`: a prompt computed once, and what the model has seen of it in a file.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use headroom_engine::{
    CacheSettings, CacheState, EngineError, Event, GenerateParameters, Generation, GenerationAids,
    GenerationSummary, Model, Prompt, PromptCache, StopReason,
};
use headroom_memory::ActionReport;
use serde::Serialize;

use crate::arguments::CachePromptArguments;
use crate::error::CliError;
use crate::prefill_bar::PrefillBar;
use crate::{figures, interrupt, load, memory_use, parameters, prompt};

pub(crate) fn run(arguments: &CachePromptArguments) -> Result<ExitCode, CliError> {
    require_place(&arguments.output)?;
    let text = arguments.prompt.as_deref().map(prompt::text).transpose()?;
    memory_use::prepare(&arguments.memory)?;
    let parameters = parameters(arguments)?;
    let model = load::model(&arguments.model, memory_use::admission(&arguments.memory))?;
    let cache = PromptCache::new(&model, CacheSettings::from(&parameters))?;
    let prompt = prompt(arguments, &model, text);
    let summary = compute(&cache, &prompt, &parameters)?;
    cache.save(&arguments.output)?;
    let written = Written::new(&arguments.output, &cache, &summary)?;
    match arguments.json {
        true => print_json(&written)?,
        false => written.print()?,
    }
    if arguments.memory.memory_stats && !arguments.json {
        figures::print(&summary);
    }
    Ok(ExitCode::SUCCESS)
}

/// A prompt of minutes is not to be computed for a place where nothing can be written.
fn require_place(path: &Path) -> Result<(), CliError> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let reason = match parent {
        Some(parent) if !parent.is_dir() => "its directory is not there; make it first",
        _ if path.metadata().is_ok_and(|found| !found.is_file()) => {
            "it is there and is no ordinary file"
        }
        _ => return Ok(()),
    };
    Err(CliError::WriteFile {
        path: path.to_owned(),
        reason: reason.to_owned(),
    })
}

/// One token is generated: prompts are computed for a token's sake.
fn parameters(arguments: &CachePromptArguments) -> Result<GenerateParameters, CliError> {
    let chosen = GenerateParameters {
        max_tokens: 1,
        ..GenerateParameters::default()
    };
    parameters::parameters(
        &arguments.memory,
        &arguments.kv_cache,
        arguments.prefill_step,
        chosen,
    )
}

/// Instructions alone stand in front of an empty question, because many templates refuse a
/// conversation without one; whatever is asked under them begins with the same tokens.
fn prompt(arguments: &CachePromptArguments, model: &Model, text: Option<String>) -> Prompt {
    let system = arguments.system.clone();
    let is_plain = arguments.no_chat_template || (!model.has_chat_template() && system.is_none());
    match text {
        Some(text) if is_plain || text.is_empty() => Prompt::Text(text),
        text => prompt::conversation(system, text.unwrap_or_default()),
    }
}

fn compute(
    cache: &PromptCache,
    prompt: &Prompt,
    parameters: &GenerateParameters,
) -> Result<GenerationSummary, CliError> {
    let aids = GenerationAids {
        cache: Some(cache.clone()),
        draft: None,
    };
    let generation = cache.model().generate_with(prompt, parameters, &aids)?;
    interrupt::cancel_on_interrupt(generation.canceller());
    let summary = finished(generation)?;
    match summary.stop_reason {
        StopReason::Stop | StopReason::Length => Ok(summary),
        StopReason::Cancelled => Err(CliError::PromptInterrupted),
        StopReason::Memory => Err(CliError::PromptTooLarge),
    }
}

/// The summary; all else that happens goes to standard error.
fn finished(generation: Generation) -> Result<GenerationSummary, CliError> {
    let bar = PrefillBar::new();
    for event in generation {
        match event? {
            Event::Prefill {
                done_tokens,
                total_tokens,
            } => bar.show(done_tokens, total_tokens),
            Event::Memory(state) => bar.beside(|| memory_use::print_state(&state)),
            Event::Action(report) => bar.beside(|| memory_use::print_action(&report)),
            Event::Text(_) => {}
            Event::End(summary) => return Ok(summary),
        }
    }
    let reason = "the generation ended without a summary".to_owned();
    Err(EngineError::Interrupted(reason).into())
}

/// What was written, with the figures of computing it; all measured.
#[derive(Serialize)]
struct Written<'a> {
    output: &'a Path,
    file_bytes: u64,
    cache: CacheState,
    prompt_tokens: usize,
    load_seconds: f64,
    prompt_tokens_per_second: Option<f64>,
    peak_mlx_bytes: u64,
    peak_footprint_bytes: Option<u64>,
    actions: &'a [ActionReport],
}

impl<'a> Written<'a> {
    fn new(
        output: &'a Path,
        cache: &PromptCache,
        summary: &'a GenerationSummary,
    ) -> Result<Self, CliError> {
        let found = output.metadata().map_err(|reason| CliError::WriteFile {
            path: output.to_owned(),
            reason: reason.to_string(),
        })?;
        Ok(Self {
            output,
            file_bytes: found.len(),
            cache: cache.state()?,
            prompt_tokens: summary.prompt_tokens,
            load_seconds: summary.load_seconds,
            prompt_tokens_per_second: summary.prompt_tokens_per_second,
            peak_mlx_bytes: summary.peak_mlx_bytes,
            peak_footprint_bytes: summary.peak_footprint_bytes,
            actions: &summary.actions,
        })
    }

    fn print(&self) -> io::Result<()> {
        let (path, tokens) = (self.output.display(), self.cache.tokens);
        let size = figures::size(self.file_bytes);
        writeln!(io::stdout(), "{path}: {tokens} tokens, {size}")
    }
}

fn print_json(written: &Written) -> Result<(), CliError> {
    let json = serde_json::to_string_pretty(written).map_err(io::Error::other)?;
    Ok(writeln!(io::stdout(), "{json}")?)
}
