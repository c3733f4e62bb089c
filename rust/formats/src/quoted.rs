//! How text from a file is shown in an error: escaped and short, so that it can neither control a
//! terminal nor fill a log.

use std::fmt;

/// Most characters of foreign text that one error message repeats.
const SHOWN_CHARACTERS: usize = 120;

/// Foreign text in quotation marks, escaped, cut after 120 characters.
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", Shortened(self.0))
    }
}

/// As [`Quoted`], without the quotation marks.
pub struct Shortened<'a>(pub &'a str);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(SHOWN_CHARACTERS) {
            write_escaped(formatter, character)?;
        }
        if characters.next().is_some() {
            write!(formatter, "...")?;
        }
        Ok(())
    }
}

/// As [`Quoted`], however long; for text whose length is known to be bounded.
pub(crate) struct QuotedWhole<'a>(pub(crate) &'a str);

impl fmt::Display for QuotedWhole<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`")?;
        self.0
            .chars()
            .try_for_each(|character| write_escaped(formatter, character))?;
        formatter.write_str("`")
    }
}

fn write_escaped(formatter: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    match is_printable(character) {
        true => write!(formatter, "{character}"),
        false => write!(formatter, "{}", character.escape_unicode()),
    }
}

/// The beginning of a message that may repeat much of a file; never more of it is written.
pub(crate) fn brief(message: &dyn fmt::Display) -> String {
    let mut start = Beginning(String::new());
    // The writer's own error says that there is enough.
    let _ = fmt::write(&mut start, format_args!("{message}"));
    start.0
}

/// As much text as an error shows, and a little more.
struct Beginning(String);

impl fmt::Write for Beginning {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = (8 * SHOWN_CHARACTERS).saturating_sub(self.0.len());
        let end = text.floor_char_boundary(room);
        self.0.push_str(&text[..end]);
        match end == text.len() {
            true => Ok(()),
            false => Err(fmt::Error),
        }
    }
}

/// Whether a character leaves the cursor and the reading direction alone.
fn is_printable(character: char) -> bool {
    let redirects = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    !character.is_control() && !redirects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            Quoted("a\u{1b}[2Jb\u{202e}").to_string(),
            "`a\\u{1b}[2Jb\\u{202e}`"
        );
    }

    #[test]
    fn long_text_is_cut() {
        let shown = Quoted(&"x".repeat(1 << 20)).to_string();
        assert_eq!(shown.len(), SHOWN_CHARACTERS + 5);
    }

    #[test]
    fn other_scripts_stay_readable() {
        assert_eq!(Quoted("größe 模型").to_string(), "`größe 模型`");
    }
}
