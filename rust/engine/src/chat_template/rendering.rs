//! One rendering of a template inside limits: of its text, of instructions, of bytes made and read, of
//! nesting, of stack.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use minijinja::machinery::{CodeGenerator, Instructions, eval, make_string_output, parse};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Kwargs;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Value, escape_formatter, functions};

use super::budget::{Budget, refused};
use super::clock::strftime_now;
use super::namespace::Namespace;
use super::operators::settled;
use super::source_check::checked;
use super::statements::guarded_template;
use super::{filters, methods, operators};

/// Jinja instructions that one rendering may take; a conversation of a thousand turns takes half.
const FUEL: u64 = 1_000_000;
/// Frames of loops and macros, a macro counting four.
const RECURSION_LIMIT: usize = 400;
/// Stack of the thread that parses, compiles and renders; what is not touched takes no memory.
const STACK_BYTES: usize = 16 << 20;
/// Most characters of a reason that are repeated.
const REASON_CHARACTERS: usize = 300;

/// Renders a template, or says in one sentence why not.
pub(super) fn render(source: &str, values: Value) -> Result<String, String> {
    let outcome = thread::scope(|scope| {
        let work = || render_here(source, values);
        let builder = thread::Builder::new().name("chat template".to_owned());
        let thread = builder.stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let thread =
            thread.map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?;
        let stopped = || Err(refused("its parser gave up"));
        thread.join().unwrap_or_else(|_| stopped())
    });
    outcome.map_err(|error| reason(&error))
}

fn render_here(source: &str, values: Value) -> Result<String, Error> {
    let budget = Arc::new(Budget::new());
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()?;
    let source = checked(source, &syntax)?;
    let template = parse(&source, TEMPLATE_NAME, syntax)?;
    let guarded = guarded_template(&template)?;
    drop(template);
    let mut compiler = CodeGenerator::new(TEMPLATE_NAME, &source);
    compiler.compile_stmt(&guarded);
    drop(guarded);
    let (instructions, blocks) = compiler.finish();
    run(&instructions, &blocks, values, &budget)
}

const TEMPLATE_NAME: &str = "chat_template";

fn run<'s>(
    instructions: &Instructions<'s>,
    blocks: &BTreeMap<&'s str, Instructions<'s>>,
    values: Value,
    budget: &Arc<Budget>,
) -> Result<String, Error> {
    let environment = environment(budget);
    let mut text = String::new();
    eval(
        &environment,
        instructions,
        values,
        blocks,
        &mut make_string_output(&mut text),
        AutoEscape::None,
    )?;
    Ok(text)
}

/// Functions, filters and methods as transformers sets them up, each with its limits.
fn environment(budget: &Arc<Budget>) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION_LIMIT);
    operators::add_to(&mut environment, budget);
    filters::add_to(&mut environment, budget);
    add_functions(&mut environment, budget);
    let paying = Arc::clone(budget);
    environment.set_formatter(move |output, state, value| {
        paying.make_text(value)?;
        escape_formatter(output, state, value)
    });
    let paying = Arc::clone(budget);
    environment.set_unknown_method_callback(move |state, value, method, arguments| {
        methods::call(&paying, state, value, method, arguments)
    });
    environment
}

fn add_functions(environment: &mut Environment<'_>, budget: &Arc<Budget>) {
    environment.add_function(
        "raise_exception",
        |message: String| -> Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        },
    );
    environment.add_function("strftime_now", |format: String| strftime_now(&format));
    let paying = Arc::clone(budget);
    environment.add_function("namespace", move |first: Kwargs| {
        Namespace::value(&paying, &first)
    });
    let paying = Arc::clone(budget);
    environment.add_function("range", move |lower, upper, step| {
        settled(&paying, functions::range(lower, upper, step)?)
    });
    let paying = Arc::clone(budget);
    environment.add_function("dict", move |first: Option<Value>, named: Kwargs| {
        let built = functions::dict(first, named)?;
        let extent = paying.extent(&built)?;
        paying.make(extent.text_bytes)?;
        Ok::<_, Error>(built)
    });
}

/// What went wrong, short and in one line.
fn reason(error: &Error) -> String {
    let text = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, Some(detail)) => detail.to_owned(),
        (ErrorKind::OutOfFuel, None) => format!("it takes more than {FUEL} steps"),
        (_, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
    };
    let place = error
        .line()
        .map_or_else(String::new, |line| format!(" (line {line})"));
    let mut shown: String = text.chars().take(REASON_CHARACTERS).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    shown.replace(['\n', '\r'], " ") + &place
}
