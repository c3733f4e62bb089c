//! The `headroom` command: parses, calls the engine, prints. Results go to standard output,
//! progress and figures to standard error; exit code 2 means wrong use, 1 failure.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;

mod address_space;
mod arguments;
mod cache_prompt;
mod chat;
mod debug_logits;
mod draft;
mod error;
mod figures;
mod generate;
mod interrupt;
mod load;
mod memory;
mod memory_use;
mod models;
mod parameters;
mod prefill_bar;
mod prompt;
mod pull;
mod quantize;
mod streaming;
mod train;

use arguments::{Arguments, Command, DebugCommand};
use error::CliError;

fn main() -> ExitCode {
    address_space::keep_room();
    let arguments = Arguments::parse();
    headroom_engine::use_one_heap();
    // A panic, on whichever thread, comes back as an error; its own report would only add noise.
    std::panic::set_hook(Box::new(|_| ()));
    let result = catch_unwind(AssertUnwindSafe(|| run(arguments)));
    match result.unwrap_or_else(|panic| Err(CliError::panicked(&*panic))) {
        Ok(code) => code,
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            error.print();
            error.exit_code()
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, CliError> {
    match arguments.command {
        Command::Memory(arguments) => memory::run(&arguments),
        Command::Models(arguments) => models::run(&arguments),
        Command::Pull(arguments) => pull::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Chat(arguments) => chat::run(&arguments),
        Command::CachePrompt(arguments) => cache_prompt::run(&arguments),
        Command::Quantize(arguments) => quantize::run(&arguments),
        Command::Train(command) => train::run(&command),
        Command::Debug(DebugCommand::Logits(arguments)) => debug_logits::run(&arguments),
    }
}
