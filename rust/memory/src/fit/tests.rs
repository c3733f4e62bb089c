use proptest::prelude::*;

use super::*;

fn model() -> ModelGeometry {
    ModelGeometry {
        weights_bytes: 60_000_000,
        weights_are_quantized: true,
        hidden_size: 768,
        residual_streams: 1,
        mlp_is_gated: true,
        intermediate_size: 2304,
        heads: 12,
        vocabulary_size: 32_768,
        context_length: Some(4096),
        layers: ModelGeometry::uniform_layers(
            12,
            LayerGeometry {
                key_value_heads: 4,
                head_dim: 64,
                window: None,
            },
        ),
    }
}

fn answer(available_bytes: u64) -> Fit {
    let plan = GenerationPlan::of_context(4096);
    fit(&model(), &plan, Backend::Cpu, available_bytes)
}

fn peak(plan: &GenerationPlan) -> u64 {
    predict(&model(), plan, Backend::Cpu).peak_bytes()
}

/// What has been given up, in the order in which it may be.
fn given_up(plan: &GenerationPlan) -> (bool, bool, bool) {
    (
        plan.prefill_step < 512,
        plan.kv_quantization.is_some(),
        plan.context_tokens < 4096,
    )
}

#[test]
fn a_plan_that_fits_stays_as_asked() {
    let plan = GenerationPlan::of_context(4096);
    assert!(matches!(answer(peak(&plan)), Fit::Fits { .. }));
    assert!(matches!(answer(peak(&plan) - 1), Fit::FitsIf { .. }));
}

#[test]
fn the_step_goes_first_then_the_precision_then_the_context() {
    let whole = peak(&GenerationPlan::of_context(4096));
    let mut stages: Vec<_> = (0..400)
        .filter_map(|tenth| match answer(whole - whole / 400 * tenth) {
            Fit::FitsIf { plan, .. } => Some(given_up(&plan)),
            _ => None,
        })
        .collect();
    stages.dedup();
    let first = [(true, false, false), (false, true, false)];
    assert!(first.contains(&stages[0]), "{stages:?}");
    assert!(stages.contains(&(true, false, false)));
    let with_context = stages.iter().position(|stage| stage.2).unwrap();
    assert!(stages[..with_context].iter().any(|stage| stage.1));
}

#[test]
fn a_refusal_tells_what_the_smallest_plan_takes() {
    let Fit::DoesNotFit {
        needed_bytes,
        available_bytes,
    } = answer(50_000_000)
    else {
        panic!("60 MB of weights fit in 50");
    };
    assert_eq!(available_bytes, 50_000_000);
    assert!(needed_bytes > 60_000_000 && matches!(answer(needed_bytes), Fit::FitsIf { .. }));
    assert!(matches!(answer(needed_bytes - 1), Fit::DoesNotFit { .. }));
}

#[test]
fn heads_without_whole_groups_are_not_quantised() {
    let mut odd = model();
    for layer in &mut odd.layers {
        layer.head_dim = 80;
    }
    let plan = GenerationPlan::of_context(4096);
    for percent in 1..100 {
        let available = predict(&odd, &plan, Backend::Cpu).peak_bytes() / 100 * percent;
        if let Fit::FitsIf { plan, .. } = fit(&odd, &plan, Backend::Cpu, available) {
            assert!(plan.kv_quantization.is_none_or(|kv| kv.bits == 16));
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_answered_fits(available in 0_u64..600_000_000, context in 1_u32..10_000) {
        let plan = GenerationPlan::of_context(context);
        match fit(&model(), &plan, Backend::Cpu, available) {
            Fit::Fits { prediction } => {
                prop_assert_eq!(prediction, predict(&model(), &plan, Backend::Cpu));
                prop_assert!(prediction.peak_bytes() <= available);
            }
            Fit::FitsIf { plan, prediction } => {
                prop_assert_eq!(prediction, predict(&model(), &plan, Backend::Cpu));
                prop_assert!(prediction.peak_bytes() <= available);
            }
            Fit::DoesNotFit { needed_bytes, .. } => prop_assert!(needed_bytes > available),
        }
    }

    #[test]
    fn no_size_overflows(size in any::<u32>(), bytes in any::<u64>(), context in any::<u32>()) {
        let layer = LayerGeometry { key_value_heads: size, head_dim: size, window: None };
        let geometry = ModelGeometry {
            weights_bytes: bytes,
            hidden_size: size,
            residual_streams: 1,
            mlp_is_gated: true,
            intermediate_size: size,
            heads: size,
            vocabulary_size: size,
            layers: vec![layer; 3],
            ..model()
        };
        fit(&geometry, &GenerationPlan::of_context(context), Backend::Cpu, bytes);
    }
}
