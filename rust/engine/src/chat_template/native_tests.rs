use super::*;
use crate::chat_template::ChatTemplate;
use proptest::prelude::*;
use std::path::PathBuf;

/// Each known template as Jinja in words of our own; the published texts are their owners'.
const IN_JINJA: &[(NativeTemplate, &str)] = &[
    (
        NativeTemplate::ChatMl,
        "{% for m in messages %}{{ '<|im_start|>' ~ m.role ~ '\\n' ~ m.content ~ '<|im_end|>\\n' }}{% endfor %}<|im_start|>assistant{{ '\\n' }}",
    ),
    (
        NativeTemplate::Gemma3,
        "{{ bos_token }}{% set ns = namespace(prefix='', rest=messages) %}\
        {% if messages[0].role == 'system' %}{% set ns.prefix = messages[0].content ~ '\\n\\n' %}{% set ns.rest = messages[1:] %}{% endif %}\
        {% for m in ns.rest %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('turns') }}{% endif %}\
        {{ '<start_of_turn>' ~ ('model' if m.role == 'assistant' else m.role) ~ '\\n' ~ (ns.prefix if loop.first else '') ~ (m.content | trim) ~ '<end_of_turn>\\n' }}{% endfor %}\
        {{ '<start_of_turn>model\\n' }}",
    ),
    (
        NativeTemplate::Llama3,
        "{% for m in messages %}{% if loop.first %}{{ bos_token }}{% endif %}\
        {{ '<|start_header_id|>' ~ m.role ~ '<|end_header_id|>\\n\\n' ~ m.content | trim ~ '<|eot_id|>' }}{% endfor %}\
        {{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}",
    ),
    (
        NativeTemplate::Llama32,
        "{{ bos_token }}{% set ns = namespace(system='', rest=messages) %}\
        {% if messages[0].role == 'system' %}{% set ns.system = messages[0].content | trim %}{% set ns.rest = messages[1:] %}{% endif %}\
        {{ '<|start_header_id|>system<|end_header_id|>\\n\\nCutting Knowledge Date: December 2023\\nToday Date: ' ~ strftime_now('%d %b %Y') ~ '\\n\\n' ~ ns.system ~ '<|eot_id|>' }}\
        {% for m in ns.rest %}{{ '<|start_header_id|>' ~ m.role ~ '<|end_header_id|>\\n\\n' ~ m.content | trim ~ '<|eot_id|>' }}{% endfor %}\
        {{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}",
    ),
    (
        NativeTemplate::Phi35,
        "{% for m in messages %}{% if m.role != 'system' or m.content %}{{ '<|' ~ m.role ~ '|>\\n' ~ m.content ~ '<|end|>\\n' }}{% endif %}{% endfor %}{{ '<|assistant|>\\n' }}",
    ),
    (
        NativeTemplate::Qwen3,
        "{% set ns = namespace(last=messages | length - 1, open=true) %}\
        {% for m in messages[::-1] %}{% if ns.open and m.role == 'user' and not (m.content.startswith('<tool_response>') and m.content.endswith('</tool_response>')) %}\
        {% set ns.open = false %}{% set ns.last = messages | length - 1 - loop.index0 %}{% endif %}{% endfor %}\
        {% for m in messages %}{% if m.role != 'assistant' %}{{ '<|im_start|>' ~ m.role ~ '\\n' ~ m.content ~ '<|im_end|>\\n' }}{% else %}\
        {% set said = m.content %}{% set thought = '' %}{% if '</think>' in m.content %}\
        {% set said = m.content.split('</think>')[-1].lstrip('\\n') %}\
        {% set thought = m.content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}{% endif %}\
        {% if loop.index0 > ns.last and (loop.last or thought) %}{{ '<|im_start|>assistant\\n<think>\\n' ~ thought.strip('\\n') ~ '\\n</think>\\n\\n' ~ said.lstrip('\\n') }}\
        {% else %}{{ '<|im_start|>assistant\\n' ~ said }}{% endif %}{{ '<|im_end|>\\n' }}{% endif %}{% endfor %}{{ '<|im_start|>assistant\\n' }}",
    ),
];

fn conversation() -> impl Strategy<Value = Vec<ChatMessage>> {
    let piece = prop::sample::select(vec![
        "",
        "a",
        " b ",
        "\n",
        "<think>",
        "</think>",
        "\n\nc",
        "<tool_response>",
        "</tool_response>",
        "é\u{a0}",
    ]);
    let content = prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    let role = prop::sample::select(vec![Role::User, Role::Assistant, Role::System]);
    let message = (role, content).prop_map(|(role, content)| ChatMessage { role, content });
    prop::collection::vec(message, 0..6)
}

/// Turns as honest conversations have them, which the stricter templates take.
fn in_turn(mut messages: Vec<ChatMessage>) -> Vec<ChatMessage> {
    let first = messages
        .iter()
        .take_while(|message| message.role == Role::System)
        .count()
        .min(1);
    for (number, message) in messages.iter_mut().skip(first).enumerate() {
        message.role = if number % 2 == 0 {
            Role::User
        } else {
            Role::Assistant
        };
    }
    messages
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn each_says_what_its_jinja_says(messages in conversation()) {
        for messages in [in_turn(messages.clone()), messages] {
            for (native, source) in IN_JINJA {
                let template = ChatTemplate::new(PathBuf::new(), (*source).to_owned(), Some("<s>".to_owned()), None);
                let jinja = template.render(&messages).ok();
                if let Some(text) = native.render(&messages, "<s>") {
                    prop_assert_eq!(Some(text), jinja, "{:?}", native);
                }
            }
        }
    }
}

#[test]
fn a_known_conversation_is_never_left_to_jinja() {
    let message = |role| ChatMessage {
        role,
        content: "x".to_owned(),
    };
    let messages = [Role::System, Role::User, Role::Assistant, Role::User].map(message);
    for (_, native) in KNOWN {
        assert!(native.render(&messages, "<s>").is_some(), "{native:?}");
    }
}

#[test]
fn a_template_is_known_by_its_whole_text() {
    // This one is two lines of common knowledge, and so may stand here.
    let chatml = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
    assert_eq!(NativeTemplate::of(chatml), Some(NativeTemplate::ChatMl));
    assert_eq!(NativeTemplate::of(&chatml[1..]), None);
    assert_eq!(NativeTemplate::of(""), None);
}
