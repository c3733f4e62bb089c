//! `headroom chat`: a conversation, with a line editor on a terminal and line by line elsewhere.
//! Answers alone go to standard output.

mod answer;
pub(crate) mod command;
mod conversation;
mod input;
mod status;

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use headroom_engine::{EngineError, GenerateParameters, Model};

use crate::arguments::ChatArguments;
use crate::error::CliError;
use crate::{draft, interrupt, load, memory_use, parameters};

use command::{Command, Said};
use conversation::Conversation;
use input::{Input, Line};

pub(crate) fn run(arguments: &ChatArguments) -> Result<ExitCode, CliError> {
    let parameters = parameters(arguments)?;
    memory_use::prepare(&arguments.memory)?;
    let admission = memory_use::admission(&arguments.memory);
    let model = load::model(&arguments.model, admission)?;
    refuse_without_template(arguments, &model)?;
    model.check_parameters(&parameters)?;
    let draft = draft::draft(&arguments.draft, &model, admission)?;
    let mut conversation = Conversation::begin(arguments, model, parameters, draft)?;
    let mut input = Input::open()?;
    if input.is_for_a_person() {
        tell("Ask something; /help lists the commands, Ctrl-D leaves.");
    }
    hold(&mut conversation, &mut input)?;
    Ok(match interrupt::is_to_end() {
        true => ExitCode::from(interrupt::EXIT_CODE),
        false => ExitCode::SUCCESS,
    })
}

fn parameters(arguments: &ChatArguments) -> Result<GenerateParameters, CliError> {
    let sampling = &arguments.sampling;
    let parameters = parameters::parameters(
        &arguments.memory,
        &arguments.kv_cache,
        sampling.prefill_step,
        sampling.into(),
    )?;
    parameters.validate()?;
    Ok(parameters)
}

fn refuse_without_template(arguments: &ChatArguments, model: &Model) -> Result<(), CliError> {
    match model.has_chat_template() {
        true => Ok(()),
        false => Err(CliError::Engine(EngineError::NoChatTemplate {
            path: PathBuf::from(&arguments.model),
        })),
    }
}

/// Turn by turn, until somebody leaves; what goes wrong in a turn ends that turn alone.
fn hold(conversation: &mut Conversation, input: &mut Input) -> Result<(), CliError> {
    loop {
        let done = match input.read()? {
            Line::Text(line) => turn(conversation, &line),
            Line::Cleared => continue,
            Line::NotText => Err(CliError::NotText),
            Line::End => return Ok(()),
        };
        match done {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return Ok(()),
            Err(error @ CliError::Output(_)) => return Err(error),
            Err(error) => error.print(),
        }
    }
}

fn turn(conversation: &mut Conversation, line: &str) -> Result<ControlFlow<()>, CliError> {
    // Reading or writing a file is not to be left half way.
    interrupt::call_on_interrupt(|| ());
    match Said::parse(line)? {
        Said::Nothing => {}
        Said::Question(text) => answer::print(conversation, text)?,
        Said::Command(Command::Exit) => return Ok(ControlFlow::Break(())),
        Said::Command(command) => obey(conversation, command)?,
    }
    Ok(ControlFlow::Continue(()))
}

fn obey(conversation: &mut Conversation, command: Command) -> Result<(), CliError> {
    match command {
        Command::Help => tell(command::HELP),
        Command::Reset => {
            conversation.session().reset();
            confirm("Everything but the instructions is forgotten.");
        }
        Command::Save(path) => {
            conversation.session().save(&path)?;
            confirm(&format!("Saved to {}.", path.display()));
        }
        Command::Load(path) => {
            conversation.load(&path)?;
            let messages = conversation.session().messages().len();
            confirm(&format!("Going on behind {messages} messages."));
        }
        Command::Memory => status::print(conversation.session())?,
        Command::ShowSystem => {
            let instructions = conversation.instructions();
            tell(instructions.as_deref().unwrap_or("There are none."));
        }
        Command::SetSystem(text) => {
            conversation.instruct(text);
            confirm("The next answer follows these instructions.");
        }
        Command::Exit => {}
    }
    Ok(())
}

/// What was asked for beside answers. Nobody reading it is no failure.
fn tell(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}

/// What a person wants to hear and a program does not.
fn confirm(text: &str) {
    if io::stderr().is_terminal() {
        tell(text);
    }
}
