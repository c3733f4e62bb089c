//! `headroom generate`: one completion.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use headroom_engine::{
    GenerateParameters, Generation, GenerationAids, GenerationSummary, Model, Prompt, PromptCache,
    StopReason,
};

use crate::arguments::GenerateArguments;
use crate::error::CliError;
use crate::{draft, figures, interrupt, load, memory_use, parameters, prompt, streaming};

pub(crate) fn run(arguments: &GenerateArguments) -> Result<ExitCode, CliError> {
    let text = prompt::text(&arguments.prompt)?;
    memory_use::prepare(&arguments.memory)?;
    let model = load::model(&arguments.model, memory_use::admission(&arguments.memory))?;
    let generation = model.generate_with(
        &prompt(arguments, &model, text),
        &parameters(arguments)?,
        &aids(arguments, &model)?,
    )?;
    interrupt::cancel_on_interrupt(generation.canceller());
    let summary = match arguments.json {
        true => print_json(generation)?,
        false => streaming::print(generation)?,
    };
    if !arguments.json && (arguments.memory.memory_stats || io::stderr().is_terminal()) {
        figures::print(&summary);
    }
    Ok(match summary.stop_reason {
        StopReason::Cancelled => ExitCode::from(interrupt::EXIT_CODE),
        StopReason::Stop | StopReason::Length | StopReason::Memory => ExitCode::SUCCESS,
    })
}

fn parameters(arguments: &GenerateArguments) -> Result<GenerateParameters, CliError> {
    let sampling = &arguments.sampling;
    let chosen = GenerateParameters {
        top_logprobs: arguments.top_logprobs,
        ..sampling.into()
    };
    parameters::parameters(
        &arguments.memory,
        &arguments.kv_cache,
        sampling.prefill_step,
        chosen,
    )
}

fn aids(arguments: &GenerateArguments, model: &Model) -> Result<GenerationAids, CliError> {
    let file = &arguments.prompt_cache.prompt_cache;
    let cache = file.as_ref().map(|path| PromptCache::load(model, path));
    let admission = memory_use::admission(&arguments.memory);
    Ok(GenerationAids {
        cache: cache.transpose()?,
        draft: draft::draft(&arguments.draft, model, admission)?,
    })
}

/// A conversation where the model knows how to hold one, plain text otherwise.
fn prompt(arguments: &GenerateArguments, model: &Model, text: String) -> Prompt {
    let is_plain =
        arguments.no_chat_template || (!model.has_chat_template() && arguments.system.is_none());
    match is_plain || text.is_empty() {
        true => Prompt::Text(text),
        false => prompt::conversation(arguments.system.clone(), text),
    }
}

fn print_json(generation: Generation) -> Result<GenerationSummary, CliError> {
    let summary = generation.finish()?;
    let json = serde_json::to_string_pretty(&summary).map_err(io::Error::other)?;
    writeln!(io::stdout(), "{json}")?;
    Ok(summary)
}
