//! `headroom generate`: one completion.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use headroom_engine::{
    Generation, GenerationAids, GenerationSummary, Model, PromptCache, StopReason,
};

use crate::arguments::GenerateArguments;
use crate::error::CliError;
use crate::{answer, figures, interrupt, load, memory_use, prompt};

pub(crate) fn run(arguments: &GenerateArguments) -> Result<ExitCode, CliError> {
    let text = prompt::text(&arguments.prompt)?;
    memory_use::prepare(&arguments.memory)?;
    let model = load::model(&arguments.model, memory_use::admission(&arguments.memory))?;
    let summary = generate(arguments, &model, text)?;
    if !arguments.json && (arguments.memory.memory_stats || io::stderr().is_terminal()) {
        figures::print(&summary);
    }
    Ok(match summary.stop_reason {
        StopReason::Cancelled => ExitCode::from(interrupt::EXIT_CODE),
        StopReason::Stop | StopReason::Length | StopReason::Memory => ExitCode::SUCCESS,
    })
}

fn generate(
    arguments: &GenerateArguments,
    model: &Model,
    text: String,
) -> Result<GenerationSummary, CliError> {
    let mut parameters =
        memory_use::parameters_of(&arguments.memory, &arguments.sampling, &arguments.kv_cache)?;
    parameters.top_logprobs = arguments.top_logprobs;
    let prompt = prompt::of(&arguments.prompt, model, text);
    let aids = aids(model, arguments.prompt_cache.as_deref())?;
    let generation = model.generate_with(&prompt, &parameters, &aids)?;
    interrupt::cancel_on_interrupt(generation.canceller());
    match arguments.json {
        true => print_json(generation),
        false => answer::stream(generation),
    }
}

fn aids(model: &Model, prompt_cache: Option<&Path>) -> Result<GenerationAids, CliError> {
    let cache = prompt_cache.map(|path| PromptCache::load(model, path));
    Ok(GenerationAids {
        cache: cache.transpose()?,
        draft: None,
    })
}

fn print_json(generation: Generation) -> Result<GenerationSummary, CliError> {
    let summary = generation.finish()?;
    let json = serde_json::to_string_pretty(&summary).map_err(io::Error::other)?;
    writeln!(io::stdout(), "{json}")?;
    Ok(summary)
}
