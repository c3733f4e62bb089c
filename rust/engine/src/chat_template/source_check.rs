//! Limits on a template's text, checked on its tokens before anything is parsed: parser and compiler
//! descend one stack frame for each operator of an expression and each branch of a condition.

use std::borrow::Cow;
use std::ops::Range;

use minijinja::machinery::{Span, Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Error, ErrorKind};

use super::budget::refused;

/// Template bytes read at most; the longest published ones have a quarter of this.
pub(super) const TEMPLATE_LIMIT_BYTES: u64 = 128 << 10;
/// Tokens between one pair of braces.
const BLOCK_TOKENS_LIMIT: usize = 512;
/// `elif` branches in a whole template.
const BRANCHES_LIMIT: usize = 256;

/// The template as the parser may read it, or what is too much about it. The tags with which
/// transformers marks what an assistant said in training become conditions that always hold.
pub(super) fn checked<'s>(source: &'s str, syntax: &SyntaxConfig) -> Result<Cow<'s, str>, Error> {
    if source.len() as u64 > TEMPLATE_LIMIT_BYTES {
        let limit = TEMPLATE_LIMIT_BYTES >> 10;
        return Err(refused(format!("it is longer than {limit} KiB")));
    }
    let mut check = TokenCheck::default();
    for token in tokenize(source, false, syntax.clone()) {
        let (token, span) = token?;
        check.accept(&token, span)?;
    }
    Ok(replaced(source, &check.markers))
}

/// What is counted on the way through the tokens.
#[derive(Default)]
struct TokenCheck {
    block_tokens: usize,
    branches: usize,
    starts_statement: bool,
    markers: Vec<(Range<usize>, &'static str)>,
}

impl TokenCheck {
    fn accept(&mut self, token: &Token<'_>, span: Span) -> Result<(), Error> {
        match token {
            Token::TemplateData(_) | Token::BlockEnd | Token::VariableEnd => self.block_tokens = 0,
            _ => self.block_tokens += 1,
        }
        if self.block_tokens > BLOCK_TOKENS_LIMIT {
            let reason = format!("one of its tags has more than {BLOCK_TOKENS_LIMIT} parts");
            return Err(too_large(reason, span));
        }
        if let (true, Token::Ident(word)) = (self.starts_statement, token) {
            self.statement(word, span)?;
        }
        self.starts_statement = matches!(token, Token::BlockStart);
        Ok(())
    }

    fn statement(&mut self, word: &str, span: Span) -> Result<(), Error> {
        let place = span.start_offset as usize..span.end_offset as usize;
        match word {
            "generation" => self.markers.push((place, "if true")),
            "endgeneration" => self.markers.push((place, "endif")),
            "elif" => self.branches += 1,
            _ => {}
        }
        if self.branches > BRANCHES_LIMIT {
            let reason = format!("it has more than {BRANCHES_LIMIT} elif branches");
            return Err(too_large(reason, span));
        }
        Ok(())
    }
}

fn too_large(reason: String, span: Span) -> Error {
    Error::new(
        ErrorKind::SyntaxError,
        format!("{reason} (line {})", span.start_line),
    )
}

fn replaced<'s>(source: &'s str, markers: &[(Range<usize>, &str)]) -> Cow<'s, str> {
    if markers.is_empty() {
        return Cow::Borrowed(source);
    }
    let mut text = source.to_owned();
    for (place, word) in markers.iter().rev() {
        text.replace_range(place.clone(), word);
    }
    Cow::Owned(text)
}
