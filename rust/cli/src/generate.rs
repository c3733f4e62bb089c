//! `headroom generate`: one completion.

use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;

use headroom_engine::{
    ChatMessage, Event, Generation, GenerationSummary, Model, Prompt, Role, StopReason,
};
use serde::Serialize;

use crate::arguments::GenerateArguments;
use crate::error::CliError;
use crate::{figures, interrupt, load};

pub(crate) fn run(arguments: &GenerateArguments) -> Result<ExitCode, CliError> {
    let parameters = (&arguments.sampling).into();
    let text = prompt_text(&arguments.prompt)?;
    let model = load::model(&arguments.model)?;
    let generation = model.generate(&prompt(arguments, &model, text), &parameters)?;
    interrupt::cancel_on_interrupt(generation.canceller());
    let summary = match arguments.json {
        true => print_json(generation)?,
        false => print_stream(generation)?,
    };
    if !arguments.json && (arguments.memory_stats || io::stderr().is_terminal()) {
        figures::print(&summary);
    }
    Ok(match summary.stop_reason {
        StopReason::Cancelled => ExitCode::from(interrupt::EXIT_CODE),
        StopReason::Stop | StopReason::Length => ExitCode::SUCCESS,
    })
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
    let json = serde_json::to_string_pretty(&JsonResult {
        summary: &summary,
        actions: [],
    });
    writeln!(io::stdout(), "{}", json.map_err(io::Error::other)?)?;
    Ok(summary)
}

/// The contract's object: the summary, and the actions that were taken to save memory. None can be
/// taken yet, so the list is empty by its type.
#[derive(Serialize)]
struct JsonResult<'a> {
    #[serde(flatten)]
    summary: &'a GenerationSummary,
    actions: [(); 0],
}
