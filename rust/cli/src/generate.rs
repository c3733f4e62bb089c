//! `headroom generate`: one completion.

use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;

use headroom_engine::{
    ChatMessage, Event, GenerateParameters, Generation, GenerationSummary, Model, Prompt, Role,
    StopReason,
};

use crate::arguments::GenerateArguments;
use crate::error::CliError;
use crate::{figures, interrupt, load, memory_use};

pub(crate) fn run(arguments: &GenerateArguments) -> Result<ExitCode, CliError> {
    let text = prompt_text(&arguments.prompt)?;
    memory_use::prepare(&arguments.memory)?;
    let model = load::model(&arguments.model, memory_use::admission(&arguments.memory))?;
    let generation = model.generate(&prompt(arguments, &model, text), &parameters(arguments)?)?;
    interrupt::cancel_on_interrupt(generation.canceller());
    let summary = match arguments.json {
        true => print_json(generation)?,
        false => print_stream(generation)?,
    };
    if !arguments.json && (arguments.memory.memory_stats || io::stderr().is_terminal()) {
        figures::print(&summary);
    }
    Ok(match summary.stop_reason {
        StopReason::Cancelled => ExitCode::from(interrupt::EXIT_CODE),
        StopReason::Stop | StopReason::Length | StopReason::Memory => ExitCode::SUCCESS,
    })
}

/// What a flag says holds; the rest comes from the strategy, if there is one.
fn parameters(arguments: &GenerateArguments) -> Result<GenerateParameters, CliError> {
    let mut parameters = memory_use::parameters(&arguments.memory, (&arguments.sampling).into())?;
    let kv_cache = &arguments.kv_cache;
    if let Some(prefill_step) = arguments.sampling.prefill_step {
        parameters.prefill_step = prefill_step;
    }
    if kv_cache.max_kv_size.is_some() {
        parameters.max_kv_size = kv_cache.max_kv_size;
    }
    if let Some(quantization) = kv_cache.quantization() {
        parameters.kv_quantization = Some(quantization);
    }
    parameters.quantized_kv_start = kv_cache.quantized_kv_start;
    parameters.top_logprobs = arguments.top_logprobs;
    Ok(parameters)
}

fn prompt_text(argument: &str) -> Result<String, CliError> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(CliError::ReadPrompt)?;
    Ok(text)
}

/// A conversation where the model knows how to hold one, plain text otherwise.
fn prompt(arguments: &GenerateArguments, model: &Model, text: String) -> Prompt {
    let is_plain =
        arguments.no_chat_template || (!model.has_chat_template() && arguments.system.is_none());
    if is_plain || text.is_empty() {
        return Prompt::Text(text);
    }
    let system = arguments.system.clone().map(|content| ChatMessage {
        role: Role::System,
        content,
    });
    let question = ChatMessage {
        role: Role::User,
        content: text,
    };
    Prompt::Chat(system.into_iter().chain([question]).collect())
}

fn print_stream(generation: Generation) -> Result<GenerationSummary, CliError> {
    let mut output = io::stdout();
    for event in generation {
        match event? {
            Event::Prefill { .. } => {}
            Event::Memory(state) => memory_use::print_state(&state),
            Event::Action(report) => memory_use::print_action(&report),
            Event::Text(text) => {
                output.write_all(text.as_bytes())?;
                output.flush()?;
            }
            Event::End(summary) => {
                writeln!(output)?;
                return Ok(summary);
            }
        }
    }
    unreachable!("a generation ends with a summary or an error")
}

fn print_json(generation: Generation) -> Result<GenerationSummary, CliError> {
    let summary = generation.finish()?;
    let json = serde_json::to_string_pretty(&summary).map_err(io::Error::other)?;
    writeln!(io::stdout(), "{json}")?;
    Ok(summary)
}
