use std::collections::BTreeMap;

use headroom_engine::OutputConstraint;
use headroom_memory::KvQuantization;

use super::*;

fn owned(given: hr_generate_parameters) -> Result<GenerateParameters, FaultKind> {
    // SAFETY: the struct is whole, and the tests below point only to what they hold.
    unsafe { parameters_in(&given) }.map_err(|fault| fault.kind)
}

#[test]
fn defaults_are_those_of_the_engine_with_and_without_a_struct() {
    assert_eq!(
        owned(hr_generate_parameters::default()).unwrap(),
        GenerateParameters::default()
    );
    // SAFETY: NULL is allowed.
    let absent = unsafe { parameters_in(std::ptr::null()) };
    assert_eq!(absent.unwrap(), GenerateParameters::default());
}

#[test]
fn every_choice_arrives() {
    let (texts, lengths) = ([c"END".as_ptr(), c"\n\n".as_ptr()], [3, 2]);
    let bias = |token, bias| hr_token_bias { token, bias };
    let biases = [bias(5, 9.0), bias(6, -2.0), bias(5, 1.5)];
    let given = hr_generate_parameters {
        size: size_of::<hr_generate_parameters>(),
        max_tokens: 1,
        temperature: 0.2,
        top_p: 0.3,
        top_k: 4,
        min_p: 0.5,
        repetition_penalty: 1.6,
        repetition_context: 7,
        prefill_step: 8,
        seed: 9,
        has_seed: 1,
        stop: texts.as_ptr(),
        stop_lengths: lengths.as_ptr(),
        stop_count: 2,
        max_kv_size: 10,
        kv_bits: 4,
        kv_group_size: 32,
        quantized_kv_start: 11,
        monitor_interval: 12,
        is_governed: 0,
        presence_penalty: 0.7,
        presence_context: 13,
        frequency_penalty: -0.8,
        frequency_context: 14,
        logit_bias: biases.as_ptr(),
        logit_bias_count: 3,
        top_logprobs: 15,
        has_logprobs: 1,
        min_tokens: 16,
        constraint_kind: HR_CONSTRAINT_REGEX,
        constraint: c"a+".as_ptr(),
        constraint_length: 2,
    };
    let expected = GenerateParameters {
        max_tokens: 1,
        temperature: 0.2,
        top_p: 0.3,
        top_k: 4,
        min_p: 0.5,
        repetition_penalty: 1.6,
        repetition_context: 7,
        prefill_step: 8,
        seed: Some(9),
        stop: vec!["END".to_owned(), "\n\n".to_owned()],
        max_kv_size: Some(10),
        kv_quantization: Some(KvQuantization {
            bits: 4,
            group_size: 32,
        }),
        quantized_kv_start: 11,
        monitor_interval: Some(12),
        governing: Governing::Off,
        presence_penalty: 0.7,
        presence_context: 13,
        frequency_penalty: -0.8,
        frequency_context: 14,
        logit_bias: BTreeMap::from([(5, 1.5), (6, -2.0)]),
        top_logprobs: Some(15),
        min_tokens: 16,
        constraint: Some(OutputConstraint::Regex("a+".to_owned())),
    };
    assert_eq!(owned(given).unwrap(), expected);
}

#[test]
fn what_was_never_set_is_refused_before_it_is_read() {
    let given = hr_generate_parameters::default();
    let refused = |given| owned(given).unwrap_err();
    let cases = [
        (
            hr_generate_parameters {
                has_seed: 2,
                ..given
            },
            FaultKind::InvalidParameter,
        ),
        (
            hr_generate_parameters {
                stop_count: usize::MAX,
                ..given
            },
            FaultKind::InvalidParameter,
        ),
        (
            hr_generate_parameters {
                stop_count: 1,
                ..given
            },
            FaultKind::NullPointer,
        ),
        (
            hr_generate_parameters {
                is_governed: 2,
                ..given
            },
            FaultKind::InvalidParameter,
        ),
        (
            hr_generate_parameters {
                has_logprobs: 2,
                ..given
            },
            FaultKind::InvalidParameter,
        ),
        (
            hr_generate_parameters {
                logit_bias_count: 1,
                ..given
            },
            FaultKind::NullPointer,
        ),
        (
            hr_generate_parameters {
                logit_bias_count: usize::MAX,
                ..given
            },
            FaultKind::InvalidParameter,
        ),
        (
            hr_generate_parameters {
                constraint_kind: 3,
                ..given
            },
            FaultKind::InvalidParameter,
        ),
        (
            hr_generate_parameters {
                constraint_kind: HR_CONSTRAINT_JSON_SCHEMA,
                constraint_length: 1,
                ..given
            },
            FaultKind::NullPointer,
        ),
        (
            hr_generate_parameters { size: 8, ..given },
            FaultKind::InvalidStructSize,
        ),
    ];
    for (given, kind) in cases {
        assert_eq!(refused(given), kind);
    }
}

#[test]
fn a_host_older_than_the_kv_options_gets_their_defaults() {
    let given = hr_generate_parameters {
        size: hr_generate_parameters::FIRST_SIZE,
        max_tokens: 3,
        max_kv_size: 1,
        is_governed: 9,
        ..hr_generate_parameters::default()
    };
    let expected = GenerateParameters {
        max_tokens: 3,
        ..GenerateParameters::default()
    };
    assert_eq!(owned(given).unwrap(), expected);
}
