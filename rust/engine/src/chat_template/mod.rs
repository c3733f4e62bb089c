//! Chat templates: Jinja, as `tokenizer_config.json` carries it, rendered the way transformers does.
//!
//! A template comes with a download and is as hostile as the rest of it. The library parses and runs
//! it; before that its syntax tree is rewritten so that every operator pays for the bytes it will
//! read or make, and what could not be held to a limit is refused.

mod budget;
mod clock;
mod expressions;
mod filters;
mod json;
mod methods;
mod namespace;
mod native;
mod operators;
mod rendering;
mod slicing;
mod source_check;
mod statements;

use std::path::{Path, PathBuf};

use headroom_formats::{ConfigFile, read_bounded_optional};
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;

use native::NativeTemplate;
use source_check::TEMPLATE_LIMIT_BYTES;

/// Who says something in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions that hold for the whole conversation.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl Role {
    /// The name that templates know.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

impl ChatMessage {
    fn as_value(&self) -> Value {
        context! { role => self.role.as_str(), content => self.content.as_str() }
    }
}

/// A model's template and the texts of the tokens it may name. Public for hosts that bring a template
/// of their own, and for the tests that attack it.
#[derive(Debug)]
pub struct ChatTemplate {
    origin: PathBuf,
    source: String,
    /// What the template is known to be.
    known: Option<NativeTemplate>,
    begin_text: Option<String>,
    end_text: Option<String>,
}

impl ChatTemplate {
    /// A template that `origin` names in errors, with the texts of the tokens that begin and end a
    /// conversation.
    pub fn new(
        origin: PathBuf,
        source: String,
        begin_text: Option<String>,
        end_text: Option<String>,
    ) -> Self {
        Self {
            known: NativeTemplate::of(&source),
            origin,
            source,
            begin_text,
            end_text,
        }
    }

    /// Finds the template in `tokenizer_config.json` or beside it in `chat_template.jinja`.
    pub(crate) fn read(
        directory: &Path,
        config: Option<&ConfigFile>,
    ) -> Result<Option<Self>, EngineError> {
        let own_file = directory.join("chat_template.jinja");
        let (origin, source) = match read_bounded_optional(&own_file, TEMPLATE_LIMIT_BYTES)? {
            Some(bytes) => (own_file, Some(String::from_utf8_lossy(&bytes).into_owned())),
            None => (
                directory.join("tokenizer_config.json"),
                config.and_then(in_config),
            ),
        };
        let special = |name| config.and_then(|config| token_text(config, name));
        let (begin_text, end_text) = (special("bos_token"), special("eos_token"));
        Ok(source.map(|source| Self::new(origin, source, begin_text, end_text)))
    }

    /// The conversation as text, ready for the assistant's next turn.
    ///
    /// # Errors
    /// [`EngineError::ChatTemplate`] when the template is not Jinja, refuses the conversation, or would
    /// take more steps, bytes or nesting than any published one.
    pub fn render(&self, messages: &[ChatMessage]) -> Result<String, EngineError> {
        let begin_text = self.begin_text.as_deref().unwrap_or_default();
        let known = self.known;
        if let Some(text) = known.and_then(|template| template.render(messages, begin_text)) {
            return Ok(text);
        }
        let messages: Vec<Value> = messages.iter().map(ChatMessage::as_value).collect();
        let values = context! {
            messages => messages,
            add_generation_prompt => true,
            bos_token => begin_text,
            eos_token => self.end_text.as_deref().unwrap_or_default(),
        };
        rendering::render(&self.source, values).map_err(|reason| EngineError::ChatTemplate {
            path: self.origin.clone(),
            reason,
        })
    }
}

/// A single template, or the one named `default` of several.
fn in_config(config: &ConfigFile) -> Option<String> {
    let value = config.value("chat_template")?;
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let named = value
        .as_array()?
        .iter()
        .find(|entry| entry["name"] == "default")?;
    named["template"].as_str().map(str::to_owned)
}

/// A special token's text: a string, or an object with `content`.
pub(crate) fn token_text(config: &ConfigFile, name: &str) -> Option<String> {
    let value = config.value(name)?;
    value
        .as_str()
        .or_else(|| value["content"].as_str())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(source: &str) -> ChatTemplate {
        ChatTemplate::new(
            PathBuf::from("tokenizer_config.json"),
            source.to_owned(),
            Some("<s>".to_owned()),
            Some("</s>".to_owned()),
        )
    }

    fn hello() -> Vec<ChatMessage> {
        vec![
            ChatMessage {
                role: Role::System,
                content: " Be brief. ".to_owned(),
            },
            ChatMessage {
                role: Role::User,
                content: "Hi".to_owned(),
            },
        ]
    }

    #[test]
    fn blocks_leave_no_white_space_and_python_methods_work() {
        let source = "{{ bos_token }}\n{%- for message in messages %}\n    \
            {% if message['role'] == 'system' %}\n[{{ message.content.strip() }}]\n    {% else %}\n\
            {{ message['role'].upper() }}: {{ message['content'] }}\n    {% endif %}\n{% endfor %}\n\
            {% if add_generation_prompt %}{{ 'A:' }}{% endif %}";
        assert_eq!(
            template(source).render(&hello()).unwrap(),
            "<s>[Be brief.]\nUSER: Hi\nA:"
        );
    }

    #[test]
    fn payments_change_nothing_about_what_is_computed() {
        for (expression, text) in [
            (
                "(1 + 2 * 3 - 4 // 3) ~ '|' ~ 7 % 4 ~ '|' ~ 2 ** 5",
                "6|3|32",
            ),
            ("'ab' * 2 ~ 3 * 'c' ~ 'd' * -1 ~ 1.5 * 2", "ababccc3.0"),
            ("[1, 2] + [3]", "[1, 2, 3]"),
            ("(1, 2)[1] ~ {'a': 3}['a'] ~ {'a': 4}.a", "234"),
            (
                "[1, 2, 3, 4][1:3] ~ [1, 2, 3][::-1] ~ 'abcd'[1:] ~ 'abc'[0]",
                "[2, 3][3, 2, 1]bcda",
            ),
            (
                "[][::-1] ~ 'ab'[::-1] ~ [1, 2, 3][1:99] ~ [1, 2][2:0:-1]",
                "[]ba[2, 3][2]",
            ),
            ("1 < 2 <= 2 and not 'a' in 'bc' and 'a' != 'b'", "True"),
            ("'x' if messages | length == 2 else 'y'", "x"),
            ("range(1, 7, 2) | map('string') | join('-')", "1-3-5"),
            (
                "messages | map(attribute='role') | list",
                "['system', 'user']",
            ),
            (
                "messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | first",
                "Hi",
            ),
            ("[3, 1, 2] | sort(reverse=true) | join(',')", "3,2,1"),
            (
                "'a-b'.split('-') | last ~ 'aXbX'.replace('X', '') ~ ' c '.strip() ~ 'D'.lower()",
                "babcd",
            ),
            ("{'a': [1, '<é>']} | tojson", "{\"a\": [1, \"<é>\"]}"),
            ("nothing | default('d') ~ ('' | default('e', true))", "de"),
            ("dict(a=1).items() | list", "[('a', 1)]"),
        ] {
            let source = format!("{{{{ {expression} }}}}");
            let rendered = template(&source).render(&hello());
            assert_eq!(
                rendered.map_err(|error| error.to_string()),
                Ok(text.to_owned()),
                "{expression}"
            );
        }
    }

    #[test]
    fn statements_work_as_jinja_has_them() {
        let source = "{% macro tell(m, end='.') %}{{ m.content }}{{ end }}{% endmacro %}\
            {% set ns = namespace(seen=[]) %}{% for m in messages if m.role != 'tool' %}\
            {% if loop.first %}{% continue %}{% elif loop.last %}{{ tell(m) }}{% endif %}\
            {% set ns.seen = ns.seen + [m.role] %}{% else %}never{% endfor %}{{ ns.seen }}\
            {% set kept %}{{ tell(messages[1], end='!') }}{% endset %}{{ kept | upper }}\
            {% with a = 1 %}{{ a }}{% endwith %}{% filter trim %} b {% endfilter %}\
            {% for a, b in [(1, 2)] %}{{ a }}{{ b }}{% endfor %}{% generation %}g{% endgeneration %}";
        assert_eq!(
            template(source).render(&hello()).unwrap(),
            "Hi.['user']HI!1b12g"
        );
    }

    #[test]
    fn a_template_may_refuse_in_its_own_words() {
        let source = "{{ raise_exception('roles must alternate') }}";
        let error = template(source).render(&hello()).unwrap_err().to_string();
        assert!(error.contains("roles must alternate"), "{error}");
    }

    #[test]
    fn an_endless_template_runs_out_of_fuel() {
        let source = "{% for a in range(9999) %}{% for b in range(9999) %}{{ a * b }}{% endfor %}{% endfor %}";
        assert!(template(source).render(&hello()).is_err());
    }

    #[test]
    fn macros_that_call_each_other_for_ever_are_an_error() {
        let source = "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}";
        assert!(template(source).render(&hello()).is_err());
    }

    #[test]
    fn what_the_families_templates_lean_on_works() {
        let source = "{%- set ns = namespace(last=-1) %}\
            {%- for message in messages[::-1] %}\
            {%- set index = (messages|length - 1) - loop.index0 %}\
            {%- if ns.last < 0 and message.role == 'user' and message.content is string \
            and not (message.content.startswith('<t>') and message.content.endswith('</t>')) %}\
            {%- set ns.last = index %}{%- endif %}{%- endfor %}\
            {%- if tools %}tools{% endif %}{%- if strftime_now is defined %}date{% endif %}\
            {{- ns.last ~ '|' ~ messages[0].content.split('</x>')[-1].lstrip() ~ '|' }}\
            {{- messages[1] | tojson }}{{ '' if enable_thinking is defined and enable_thinking is false else '.' }}";
        assert_eq!(
            template(source).render(&hello()).unwrap(),
            "date1|Be brief. |{\"role\": \"user\", \"content\": \"Hi\"}."
        );
    }
}
