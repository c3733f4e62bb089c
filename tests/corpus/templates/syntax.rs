//! Templates that are refused before they run.

use super::case;
use crate::case::Case;

pub(super) fn deep_syntax() -> Vec<Case> {
    let tags = |open: &str, close: &str, count: usize| {
        format!("{}{}", open.repeat(count), close.repeat(count))
    };
    vec![
        case(
            "parentheses-in-parentheses",
            format!("{{{{ {} }}}}", tags("(", ")", 9999)),
            "512 parts",
        ),
        case(
            "lists-in-lists",
            format!("{{{{ {} }}}}", tags("[", "]", 9999)),
            "512 parts",
        ),
        case(
            "a-few-lists-in-lists",
            format!("{{{{ {} }}}}", tags("[", "]", 200)),
            "recursion limits",
        ),
        case(
            "not-not-not",
            format!("{{{{ {}1 }}}}", "not ".repeat(9999)),
            "512 parts",
        ),
        case(
            "minus-minus-minus",
            format!("{{{{ {}1 }}}}", "- ".repeat(9999)),
            "512 parts",
        ),
        case(
            "a-long-sum",
            format!("{{{{ 1{} }}}}", " + 1".repeat(9999)),
            "512 parts",
        ),
        case(
            "a-long-concatenation",
            format!("{{{{ 1{} }}}}", "~1".repeat(60_000)),
            "512 parts",
        ),
        case(
            "a-long-power",
            format!("{{{{ 1{} }}}}", "**1".repeat(9999)),
            "512 parts",
        ),
        case(
            "a-long-chain-of-attributes",
            format!("{{{{ a{} }}}}", ".a".repeat(9999)),
            "512 parts",
        ),
        case(
            "a-long-chain-of-indices",
            format!("{{{{ a{} }}}}", "[0]".repeat(9999)),
            "512 parts",
        ),
        case(
            "a-long-chain-of-calls",
            format!("{{{{ a{} }}}}", "()".repeat(9999)),
            "512 parts",
        ),
        case(
            "a-long-chain-of-filters",
            format!("{{{{ a{} }}}}", "|list".repeat(9999)),
            "512 parts",
        ),
        case(
            "a-long-chain-of-tests",
            format!("{{{{ a{} }}}}", " is string".repeat(9999)),
            "512 parts",
        ),
        case(
            "a-long-chain-of-conditions",
            format!("{{{{ 1{} }}}}", " if 1 else 1".repeat(9999)),
            "512 parts",
        ),
        case(
            "a-long-chain-of-ands",
            format!("{{{{ 1{} }}}}", " and 1".repeat(9999)),
            "512 parts",
        ),
        case(
            "a-long-comparison",
            format!("{{{{ 1{} }}}}", " < 1".repeat(9999)),
            "512 parts",
        ),
        case(
            "a-call-with-many-arguments",
            format!("{{{{ a({}) }}}}", "1,".repeat(9999)),
            "512 parts",
        ),
        case(
            "many-texts-in-a-row",
            format!("{{{{ {} }}}}", "'a'".repeat(9999)),
            "512 parts",
        ),
        case(
            "loops-inside-loops",
            tags("{% for a in b %}", "{% endfor %}", 4000),
            "recursion limits",
        ),
        case(
            "conditions-inside-conditions",
            tags("{% if a %}", "{% endif %}", 4000),
            "recursion limits",
        ),
        case(
            "blocks-inside-blocks",
            tags("{% set a %}", "{% endset %}", 4000),
            "recursion limits",
        ),
        case(
            "withs-inside-withs",
            tags("{% with %}", "{% endwith %}", 4000),
            "recursion limits",
        ),
        case(
            "many-branches",
            format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(9999)),
            "256 elif branches",
        ),
        case(
            "a-long-template",
            "x".repeat(200_000),
            "longer than 128 KiB",
        ),
        case(
            "a-long-template-of-lines",
            "\n".repeat(200_000),
            "longer than 128 KiB",
        ),
    ]
}

pub(super) fn foreign_statements() -> Vec<Case> {
    vec![
        case("an-include", "{% include 'a' %}", "other templates"),
        case(
            "an-include-of-itself",
            "{% include 'chat_template' %}",
            "other templates",
        ),
        case("an-import", "{% import 'a' as a %}", "other templates"),
        case(
            "an-import-of-names",
            "{% from 'a' import b %}",
            "other templates",
        ),
        case("an-extension", "{% extends 'a' %}", "other templates"),
        case(
            "a-block",
            "{% block a %}{{ self.a() }}{% endblock %}",
            "other templates",
        ),
        case(
            "an-autoescape-block",
            "{% autoescape true %}{{ '<' }}{% endautoescape %}",
            "autoescape",
        ),
        case(
            "a-call-block",
            "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}",
            "call block",
        ),
        case(
            "a-macro-in-a-loop",
            "{% for i in range(99999) %}{% macro m() %}{{ i }}{% endmacro %}{% endfor %}",
            "macro inside",
        ),
        case(
            "a-list-spread-over-arguments",
            "{{ range(*range(99999)) }}",
            "spreads",
        ),
        case(
            "a-map-spread-over-arguments",
            "{{ dict(**{'a': 1}) }}",
            "spreads",
        ),
        case(
            "an-assignment-to-an-attribute-of-a-list",
            "{% set a = [] %}{% set a.b = 1 %}",
            "=",
        ),
        case("a-debug-dump", "{{ debug() }}", "debug is unknown"),
        case("a-secret-name", "{{ messages|#joined }}", ""),
    ]
}

pub(super) fn broken() -> Vec<Case> {
    vec![
        case("a-tag-without-end", "{% if a", ""),
        case("an-expression-without-end", "{{ a", ""),
        case("a-comment-without-end", "{# a", ""),
        case("text-without-end", "{{ 'a }}", ""),
        case("a-loop-without-end", "{% for a in b %}", "unexpected end"),
        case(
            "an-unknown-statement",
            "{% frobnicate %}",
            "unknown statement",
        ),
        case("an-unknown-filter", "{{ a|frobnicate }}", "frobnicate"),
        case("an-unknown-test", "{{ a is frobnicate }}", "frobnicate"),
        case("an-unknown-method", "{{ 'a'.frobnicate() }}", "frobnicate"),
        case("an-unknown-function", "{{ frobnicate() }}", "frobnicate"),
        case("an-attribute-of-nothing", "{{ a.b.c }}", "undefined"),
        case(
            "a-refusal-of-its-own",
            "{{ raise_exception('only poems') }}",
            "only poems",
        ),
        case(
            "a-long-refusal-of-its-own",
            "{{ raise_exception('x' * 9999999) }}",
            "xxx...",
        ),
        case(
            "a-refusal-over-many-lines",
            "{{ raise_exception('a\nb\r\nc') }}",
            "a b  c",
        ),
        case(
            "a-long-number",
            format!("{{{{ {} }}}}", "9".repeat(9999)),
            "",
        ),
        case("a-generation-tag-without-end", "{% generation %}", ""),
        case(
            "a-date-in-a-long-format",
            "{{ strftime_now('%Y' * 99) }}",
            "too long a format",
        ),
        case(
            "a-date-in-an-unknown-format",
            "{{ strftime_now('%Q') }}",
            "not known",
        ),
    ]
}
