//! One answer of a chat.

use std::io::{self, IsTerminal, Write};

use headroom_engine::{GenerationSummary, StopReason};

use super::conversation::Conversation;
use crate::error::CliError;
use crate::figures::size;
use crate::{interrupt, streaming};

/// Prints the answer as it comes. Ctrl-C ends it, and what was said until then stays said.
pub(super) fn print(conversation: &Conversation, question: &str) -> Result<(), CliError> {
    let reply = conversation.session().respond(question)?;
    interrupt::only_cancel_on_interrupt(reply.canceller());
    let summary = streaming::print(reply)?;
    tell_why_it_is_short(summary.stop_reason);
    if conversation.has_figures {
        // Nobody reading it is no failure.
        drop(writeln!(io::stderr(), "[{}]", figures(&summary)));
    }
    Ok(())
}

fn tell_why_it_is_short(reason: StopReason) {
    let why = match reason {
        StopReason::Stop | StopReason::Cancelled => return,
        StopReason::Length if !io::stderr().is_terminal() => return,
        StopReason::Length => {
            "the answer has all the tokens that --max-tokens or the context allows"
        }
        StopReason::Memory => {
            "memory ran short, and the answer ends here; /reset frees what the conversation takes"
        }
    };
    drop(writeln!(io::stderr(), "[{why}]"));
}

fn figures(summary: &GenerationSummary) -> String {
    let known = |figure: Option<f64>, unit: &str, decimals: usize| {
        figure.map_or("unknown".to_owned(), |figure| {
            format!("{figure:.decimals$} {unit}")
        })
    };
    format!(
        "prompt {} tokens, {} of them cached, {}; first token after {}; answer {} tokens, {}; \
         KV cache {}; peak of MLX's arrays {}; ended by {}",
        summary.prompt_tokens,
        summary.cached_prompt_tokens,
        known(summary.prompt_tokens_per_second, "tokens/s", 1),
        known(summary.time_to_first_token_seconds, "s", 3),
        summary.generated_tokens,
        known(summary.generation_tokens_per_second, "tokens/s", 1),
        size(summary.kv_cache_bytes),
        size(summary.peak_mlx_bytes),
        summary.stop_reason.as_str(),
    )
}
