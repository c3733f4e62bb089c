//! Text and lists that grow.

use super::{TOO_MUCH, case, often};
use crate::case::Case;

pub(super) fn growing_text() -> Vec<Case> {
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

pub(super) fn growing_lists() -> Vec<Case> {
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
