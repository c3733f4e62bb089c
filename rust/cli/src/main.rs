//! The `headroom` command: parses, calls the engine, prints. Results go to standard output,
//! progress and figures to standard error; exit code 2 means wrong use, 1 failure.

use std::process::ExitCode;

use clap::Parser;

mod arguments;
mod debug_logits;
mod error;
mod figures;
mod generate;
mod interrupt;
mod load;
mod memory;

use arguments::{Arguments, Command, DebugCommand};

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Memory(arguments) => memory::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Debug(DebugCommand::Logits(arguments)) => debug_logits::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            error.exit_code()
        }
    }
}
