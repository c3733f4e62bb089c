//! Chat templates that would take all memory, all time or all stack.

use crate::case::Case;

/// Templates that must be refused, with words of the refusal.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = growing_text();
    cases.extend(growing_lists());
    cases.extend(endless_work());
    cases.extend(deep_values());
    cases.extend(deep_syntax());
    cases.extend(foreign_statements());
    cases.extend(broken());
    cases
}

const TOO_MUCH: &str = "makes more than 16 MiB";
const TOO_LONG: &str = "steps";
const TOO_DEEP: &str = "deeper than 32 levels";

fn case(name: &str, source: impl Into<String>, expected: &str) -> Case {
    Case::text(name, source, expected)
}

/// Repeats a statement many times in a loop.
fn often(statement: &str) -> String {
    format!(
        "{{% set ns = namespace(x='ab', n=1, l=[1]) %}}{{% for i in range(9999) %}}{statement}{{% endfor %}}"
    )
}

fn growing_text() -> Vec<Case> {
    vec![
        case(
            "text-doubles-by-concatenation",
            often("{% set ns.x = ns.x ~ ns.x %}"),
            TOO_MUCH,
        ),
        case(
            "text-doubles-by-addition",
            often("{% set ns.x = ns.x + ns.x %}"),
            TOO_MUCH,
        ),
        case(
            "text-doubles-without-a-loop",
            format!("{{% set x = 'ab' %}}{}", "{% set x = x ~ x %}".repeat(60)),
            TOO_MUCH,
        ),
        case(
            "text-doubles-in-one-tag",
            format!("{{{{ 'ab'{} }}}}", "|replace('a', 'aa')".repeat(40)),
            TOO_MUCH,
        ),
        case("text-is-repeated", "{{ 'x' * 1000000000 }}", TOO_MUCH),
        case(
            "text-is-repeated-from-the-left",
            "{{ 1000000000 * 'x' }}",
            TOO_MUCH,
        ),
        case(
            "text-is-repeated-past-a-word",
            "{{ 'x' * (9223372036854775807 * 9223372036854775807) }}",
            TOO_MUCH,
        ),
        case(
            "text-is-repeated-again-and-again",
            often("{% set ns.x = ns.x * 2 %}"),
            TOO_MUCH,
        ),
        case(
            "a-block-captures-itself-twice",
            often("{% set x %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = x %}"),
            TOO_MUCH,
        ),
        case(
            "a-macro-gives-its-argument-twice",
            format!(
                "{{% macro m(x) %}}{{{{ x }}}}{{{{ x }}}}{{% endmacro %}}{}",
                often("{% set ns.x = m(ns.x) %}")
            ),
            TOO_MUCH,
        ),
        case(
            "plain-text-is-printed-in-a-loop",
            format!(
                "{{% for i in range(99999) %}}{}{{% endfor %}}",
                "x".repeat(4096)
            ),
            TOO_MUCH,
        ),
        case(
            "plain-text-is-captured-in-a-loop",
            format!(
                "{{% set a %}}{{% for i in range(99999) %}}{}{{% endfor %}}{{% endset %}}",
                "x".repeat(4096)
            ),
            TOO_MUCH,
        ),
        case(
            "plain-text-is-filtered-in-a-loop",
            format!(
                "{{% filter upper %}}{{% for i in range(99999) %}}{}{{% endfor %}}{{% endfilter %}}",
                "x".repeat(4096)
            ),
            TOO_MUCH,
        ),
        case(
            "every-letter-is-replaced-by-more",
            often("{% set ns.x = ns.x.replace('a', 'aaaaaaaa') %}"),
            TOO_MUCH,
        ),
        case(
            "nothing-is-replaced-by-more",
            often("{% set ns.x = ns.x|replace('', 'aaaaaaaa') %}"),
            TOO_MUCH,
        ),
        case(
            "text-grows-as-it-changes-case",
            often("{% set ns.x = (ns.x ~ 'ŉ')|upper ~ ns.x.title() %}"),
            TOO_MUCH,
        ),
        case(
            "a-long-separator",
            "{% set s = 'x' * 99999 %}{{ range(9999)|join(s) }}",
            TOO_MUCH,
        ),
        case(
            "a-long-separator-in-python",
            "{% set s = 'x' * 99999 %}{{ s.join(range(9999)) }}",
            TOO_MUCH,
        ),
        case(
            "letters-with-a-separator",
            "{% set s = 'x' * 99999 %}{{ s|join(s) }}",
            TOO_MUCH,
        ),
        case("a-wide-format", "{{ '%1000000000d'|format(1) }}", "format"),
        case(
            "a-wide-format-in-python",
            "{{ '{:1000000000}'.format(1) }}",
            "format",
        ),
        case(
            "a-wide-rest",
            "{{ '%1000000000d' % 1 }}",
            "unsupported types",
        ),
        case(
            "text-in-the-middle-of-a-wide-line",
            "{{ 'x'|center(1000000000) }}",
            "center",
        ),
        case(
            "text-at-the-left-of-a-wide-line",
            "{{ 'x'.ljust(1000000000) }}",
            "ljust",
        ),
        case(
            "text-at-the-right-of-a-wide-line",
            "{{ 'x'.rjust(1000000000) }}",
            "rjust",
        ),
        case("zeros-before-text", "{{ 'x'.zfill(1000000000) }}", "zfill"),
        case(
            "a-wide-tab",
            "{{ '\t'.expandtabs(1000000000) }}",
            "expandtabs",
        ),
        case(
            "a-wide-indentation",
            "{{ 'a\nb'|indent(1000000000) }}",
            "more than 64 spaces",
        ),
        case(
            "a-wide-indentation-by-name",
            "{{ 'a\nb'|indent(width=1000000000) }}",
            "more than 64 spaces",
        ),
        case(
            "many-indented-lines",
            often("{% set ns.x = (ns.x ~ '\n\n')|indent(60, true, true) %}"),
            TOO_MUCH,
        ),
        case(
            "wide-json",
            "{{ [1]|tojson(indent=1000000000) }}",
            "more than 16 spaces",
        ),
        case(
            "json-of-a-long-list",
            "{% set l = range(99999)|list %}{{ l|tojson(indent=16) }}",
            TOO_MUCH,
        ),
        case(
            "the-same-text-listed-many-times",
            "{% set s = 'x' * 999999 %}{{ [s, s, s, s, s, s, s, s, s, s] ~ '' }}",
            TOO_MUCH,
        ),
        case(
            "escapes-in-a-list",
            "{% set s = '\u{1}' * 4000000 %}{{ [s] }}",
            TOO_MUCH,
        ),
    ]
}

fn growing_lists() -> Vec<Case> {
    vec![
        case(
            "a-list-doubles",
            often("{% set ns.l = ns.l + ns.l %}"),
            TOO_MUCH,
        ),
        case(
            "a-list-is-repeated",
            "{{ ([1] * 1000000000)|length }}",
            "cannot be multiplied",
        ),
        case(
            "a-tuple-is-repeated",
            "{{ ((1, 2) * 100000000)|length }}",
            "cannot be multiplied",
        ),
        case(
            "a-list-grows-by-one",
            "{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = ns.l + [i] %}{% endfor %}",
            TOO_MUCH,
        ),
        case(
            "a-range-without-end",
            "{{ range(1000000000000)|list|length }}",
            "range has too many elements",
        ),
        case(
            "ranges-in-lists",
            often("{% set ns.l = ns.l + [range(99999)] %}"),
            TOO_MUCH,
        ),
        case(
            "letters-as-a-list",
            "{{ ('x' * 3000000)|list|length }}",
            TOO_MUCH,
        ),
        case(
            "letters-in-a-loop",
            "{% for c in 'x' * 3000000 %}{% endfor %}",
            TOO_MUCH,
        ),
        case("letters-sorted", "{{ ('x' * 3000000)|sort|length }}", "MiB"),
        case(
            "letters-split",
            "{{ ('x' * 3000000).split('x')|length }}",
            TOO_MUCH,
        ),
        case(
            "words-split",
            "{{ ('x ' * 3000000).split()|length }}",
            TOO_MUCH,
        ),
        case(
            "lines-split",
            "{{ ('\n' * 3000000).splitlines()|length }}",
            TOO_MUCH,
        ),
        case(
            "letters-reversed",
            "{{ ('x' * 3000000)|reverse|list|length }}",
            TOO_MUCH,
        ),
        case(
            "slices-of-a-long-text",
            "{% set s = 'x' * 999999 %}{% for i in range(9999) %}{% set t = s[1:] %}{% endfor %}",
            TOO_MUCH,
        ),
        case(
            "slices-of-a-long-list",
            "{% set l = range(99999) %}{% for i in range(9999) %}{% set t = l[1:] %}{% endfor %}",
            TOO_MUCH,
        ),
        case(
            "maps-that-copy-maps",
            "{% set ns = namespace(d={}) %}{% for i in range(9999) %}{% set ns.d = dict(ns.d, k=ns.d) %}{% endfor %}",
            "",
        ),
        case(
            "a-namespace-with-many-names",
            format!(
                "{{% set ns = namespace() %}}{{% for i in range(99999) %}}{}{{% endfor %}}",
                (0..99)
                    .map(|number| format!("{{% set ns.a{number} = [i] %}}"))
                    .collect::<String>()
            ),
            "",
        ),
    ]
}

fn endless_work() -> Vec<Case> {
    vec![
        case(
            "loops-in-loops",
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
            TOO_LONG,
        ),
        case(
            "prints-without-end",
            "{% for a in range(99999) %}{% for b in range(99999) %}{{ a * b }}{% endfor %}{% endfor %}",
            "it ",
        ),
        case(
            "long-texts-compared",
            "{% set s = 'x' * 999999 %}{% set t = 'x' * 999999 %}{% for i in range(99999) %}{% if s == t %}{% endif %}{% endfor %}",
            "compares more than",
        ),
        case(
            "long-texts-compared-by-a-test",
            "{% set s = 'x' * 999999 %}{% set t = 'x' * 999999 %}{% for i in range(99999) %}{% if s is eq(t) %}{% endif %}{% endfor %}",
            "compares more than",
        ),
        case(
            "long-texts-searched",
            "{% set s = 'x' * 999999 %}{% for i in range(99999) %}{% if 'y' in s %}{% endif %}{% endfor %}",
            "compares more than",
        ),
        case(
            "long-texts-counted",
            "{% set s = 'x' * 999999 %}{% for i in range(99999) %}{% if s.count('y') %}{% endif %}{% endfor %}",
            "compares more than",
        ),
        case(
            "long-texts-measured",
            "{% set s = 'ä' * 999999 %}{% for i in range(99999) %}{% if s|length %}{% endif %}{% endfor %}",
            "compares more than",
        ),
        case(
            "long-texts-indexed",
            "{% set s = 'ä' * 999999 %}{% for i in range(99999) %}{% if s[i] %}{% endif %}{% endfor %}",
            "compares more than",
        ),
        case(
            "long-texts-stripped-of-many-letters",
            "{% set s = 'x' * 99999 %}{{ s.strip('y' * 9999 ~ 'x') }}",
            "compares more than",
        ),
        case(
            "long-constants-searched",
            format!(
                "{{% for i in range(99999) %}}{{% if 'y' in '{}' %}}{{% endif %}}{{% endfor %}}",
                "x".repeat(99_999)
            ),
            "compares more than",
        ),
        case(
            "lists-searched",
            "{% set l = range(99999) %}{% for i in range(99999) %}{% if -1 in l %}{% endif %}{% endfor %}",
            "compares more than",
        ),
        case(
            "lists-searched-by-a-filter",
            "{% set l = range(9999) %}{{ l|select('in', l)|list|length }}",
            "compares more than",
        ),
        case(
            "lists-sorted-again-and-again",
            "{% set l = range(9999) %}{% for i in range(9999) %}{% set m = l|sort %}{% endfor %}",
            "MiB",
        ),
        case(
            "shared-lists-compared",
            format!(
                "{{% set a = [1] %}}{{% set b = [1] %}}{}{{{{ a == b }}}}",
                "{% set a = [a, a] %}{% set b = [b, b] %}".repeat(28)
            ),
            "compares more than",
        ),
        case(
            "shared-lists-printed",
            format!(
                "{{% set a = [1] %}}{}{{{{ a }}}}",
                "{% set a = [a, a] %}".repeat(31)
            ),
            "compares more than",
        ),
        case(
            "shared-maps-as-json",
            format!(
                "{{% set a = {{}} %}}{}{{{{ a|tojson }}}}",
                "{% set a = {'a': a, 'b': a} %}".repeat(31)
            ),
            "compares more than",
        ),
        case(
            "a-macro-calls-itself",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "recursion limit",
        ),
        case(
            "two-macros-call-each-other",
            "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
            "",
        ),
        case(
            "a-macro-calls-itself-often",
            "{% macro m(n) %}{% if n %}{% for i in range(99) %}{{ m(n - 1) }}{% endfor %}{% endif %}{% endmacro %}{{ m(9) }}",
            TOO_LONG,
        ),
        case(
            "a-loop-that-recurses",
            "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
            "recursive loop",
        ),
        case("a-large-power", "{{ 9 ** 9 ** 9 ** 9 }}", ""),
        case(
            "a-large-product",
            "{{ 170141183460469231731687303715884105727 * 2 }}",
            "cannot be multiplied",
        ),
        case("a-division-by-zero", "{{ 1 // 0 }}", ""),
        case("a-remainder-by-zero", "{{ 1 % 0 }}", ""),
    ]
}

fn deep_values() -> Vec<Case> {
    vec![
        case(
            "a-list-in-a-list-without-end",
            often("{% set ns.l = [ns.l] %}"),
            TOO_DEEP,
        ),
        case(
            "a-tuple-in-a-tuple-without-end",
            often("{% set ns.l = (ns.l, 1) %}"),
            TOO_DEEP,
        ),
        case(
            "a-map-in-a-map-without-end",
            often("{% set ns.l = {'a': ns.l} %}"),
            TOO_DEEP,
        ),
        case(
            "a-map-as-key-without-end",
            often("{% set ns.l = {(ns.l, 1): 1} %}"),
            TOO_DEEP,
        ),
        case(
            "a-dict-in-a-dict-without-end",
            often("{% set ns.l = dict(a=ns.l) %}"),
            TOO_DEEP,
        ),
        case(
            "a-namespace-that-holds-itself",
            "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
            "namespace inside",
        ),
        case(
            "a-namespace-in-its-own-list",
            "{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns }}",
            "namespace inside",
        ),
        case(
            "a-namespace-in-its-own-map",
            "{% set ns = namespace() %}{% set ns.a = {'a': ns} %}{{ ns }}",
            "namespace inside",
        ),
        case(
            "two-namespaces-that-hold-each-other",
            "{% set a = namespace() %}{% set b = namespace(a=a) %}{% set a.b = b %}{{ a == b }}",
            "namespace inside",
        ),
        case(
            "a-loop-kept-by-the-next",
            "{% set ns = namespace(l=[1]) %}{% for i in range(99999) %}{% for x in [ns.l] %}{% set ns.l = loop %}{% endfor %}{% endfor %}",
            "passes `loop`",
        ),
        case(
            "a-chain-of-items",
            often("{% set ns.l = {'a': ns.l}|items|list %}"),
            TOO_DEEP,
        ),
        case(
            "sums-of-sums",
            format!(
                "{{% set l = [1] %}}{}{{{{ l }}}}",
                "{% set l = [l + l] %}".repeat(99)
            ),
            "",
        ),
    ]
}

fn deep_syntax() -> Vec<Case> {
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

fn foreign_statements() -> Vec<Case> {
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

fn broken() -> Vec<Case> {
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
