//! Work without end, and values without bottom.

use super::{TOO_DEEP, TOO_LONG, case, often};
use crate::case::Case;

pub(super) fn endless_work() -> Vec<Case> {
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

pub(super) fn deep_values() -> Vec<Case> {
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
