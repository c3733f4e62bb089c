//! The tokens that stand for no text, as nanochat names them, and the conversations made of them.

/// Begins every document and every conversation, and ends a text.
pub(crate) const BEGIN: &str = "<|bos|>";
pub(crate) const USER_START: &str = "<|user_start|>";
pub(crate) const USER_END: &str = "<|user_end|>";
pub(crate) const ASSISTANT_START: &str = "<|assistant_start|>";
/// Ends an answer.
pub(crate) const ASSISTANT_END: &str = "<|assistant_end|>";

/// The special tokens, in the order of their ids, which are the last of the vocabulary. Those for
/// Python and its output have their place in the vocabulary, and nothing here makes them yet.
pub const SPECIAL_TOKENS: [&str; 9] = [
    BEGIN,
    USER_START,
    USER_END,
    ASSISTANT_START,
    ASSISTANT_END,
    "<|python_start|>",
    "<|python_end|>",
    "<|output_start|>",
    "<|output_end|>",
];

/// A conversation as Jinja renders it. Instructions go before what the person says first, with an
/// empty line between, because nanochat has no turn for them.
pub(crate) const CHAT_TEMPLATE: &str = "\
{{- bos_token -}}
{%- set instructions = namespace(text='') -%}
{%- for message in messages -%}
{%- if message['role'] == 'system' -%}
{%- set instructions.text = message['content'] + '\n\n' -%}
{%- elif message['role'] == 'user' -%}
{{- '<|user_start|>' + instructions.text + message['content'] + '<|user_end|>' -}}
{%- set instructions.text = '' -%}
{%- elif message['role'] == 'assistant' -%}
{{- '<|assistant_start|>' + message['content'] + '<|assistant_end|>' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|assistant_start|>' -}}
{%- endif -%}
";
