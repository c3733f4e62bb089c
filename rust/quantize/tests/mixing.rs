//! Recipes that give each matrix bits of its own.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use headroom_formats::{ConfigFile, LayerQuantization, Quantization};
use headroom_models::contents;
use headroom_quantize::{
    Calibration, MixedRecipe, MixedReport, QuantizeError, Recipe, Request, Sensitivity, rewrite,
};

/// Float32, whose matrices all have inputs that divide by 32.
fn model() -> PathBuf {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    cases.join("nanochat-float32-grouped/model")
}

/// Ids of its vocabulary, in no order that repeats soon.
fn tokens(count: u32) -> Vec<u32> {
    (0..count)
        .map(|place| place * place % 89 + place % 7)
        .collect()
}

fn calibration(count: u32) -> Calibration {
    Calibration {
        model: model(),
        tokens: tokens(count),
        group_size: 32,
        dtype: None,
        target_bits: 5.0,
    }
}

fn measured() -> &'static Sensitivity {
    static MEASURED: LazyLock<Sensitivity> = LazyLock::new(|| {
        let calibration = calibration(300);
        Sensitivity::measure(&calibration, &mut |_| ControlFlow::Continue(())).unwrap()
    });
    &MEASURED
}

fn recipe_for(target_bits: f64) -> (MixedRecipe, MixedReport) {
    measured().recipe(target_bits).unwrap()
}

#[test]
fn what_is_written_keeps_to_the_target_and_is_stored_as_reported() {
    let directory = tempfile::tempdir().unwrap();
    for target_bits in [4.5, 5.5, 12.0] {
        let (recipe, mixed) = recipe_for(target_bits);
        let output = directory.path().join(target_bits.to_string());
        let request = Request {
            model: model(),
            output: output.clone(),
            recipe: Recipe::Mixed(recipe),
            dtype: None,
        };
        let report = rewrite(&request, &mut |_| ControlFlow::Continue(())).unwrap();
        assert!(report.bits_per_weight_after <= target_bits);
        assert!(report.bits_per_weight_after > target_bits - 1.5);
        for (matrix, reported) in contents(&output)
            .unwrap()
            .matrices
            .iter()
            .zip(&mixed.matrices)
        {
            let bits = match matrix.stored_as {
                LayerQuantization::Quantized(layout) => Some(layout.bits()),
                LayerQuantization::Dense => None,
            };
            assert_eq!(
                (&matrix.layer, bits),
                (&reported.layer, reported.chosen.bits)
            );
        }
    }
}

#[test]
fn the_configuration_names_every_layer_that_differs() {
    let directory = tempfile::tempdir().unwrap();
    let (recipe, mixed) = recipe_for(5.5);
    let chosen = mixed.matrices.iter().map(|matrix| matrix.chosen.bits);
    assert!(
        chosen.collect::<BTreeSet<_>>().len() > 1,
        "nothing is mixed"
    );
    let output = directory.path().join("mixed");
    let request = Request {
        model: model(),
        output: output.clone(),
        recipe: Recipe::Mixed(recipe),
        dtype: None,
    };
    rewrite(&request, &mut |_| ControlFlow::Continue(())).unwrap();
    let config = ConfigFile::read(&output.join("config.json")).unwrap();
    let section = Quantization::from_config(&config).unwrap().unwrap();
    for matrix in contents(&output).unwrap().matrices {
        let default = LayerQuantization::Quantized(section.default);
        let said = section.override_for(&matrix.layer).unwrap_or(default);
        assert_eq!(said, matrix.stored_as, "{}", matrix.layer);
    }
}

#[test]
fn fewer_bits_cost_more_and_a_smaller_target_costs_no_less() {
    let sensitivity = measured();
    for matrix in &sensitivity.matrices {
        let (two, eight) = (matrix.choices[0], matrix.choices[5]);
        assert!(two.divergence > eight.divergence, "{}", matrix.layer);
        assert!(two.divergence > 0.0 && two.bytes < eight.bytes);
    }
    let rise = |target| {
        let (_, report) = sensitivity.recipe(target).unwrap();
        report.expected_rise_nats_per_token
    };
    assert!(rise(4.25) >= rise(5.0) && rise(5.0) >= rise(9.0));
}

#[test]
fn targets_out_of_reach_and_texts_too_short_are_refused() {
    let sensitivity = measured();
    let low = sensitivity.recipe(2.0);
    assert!(matches!(low, Err(QuantizeError::TargetTooLow { least, .. }) if least > 2.0));
    let high = sensitivity.recipe(32.0);
    assert!(matches!(high, Err(QuantizeError::TargetTooHigh { original, .. }) if original == 32.0));
    let short = Sensitivity::measure(&calibration(40), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(
        short,
        Err(QuantizeError::CalibrationTooShort { tokens: 40, .. })
    ));
}

#[test]
fn a_target_out_of_reach_is_refused_before_anything_is_measured() {
    let calibration = Calibration {
        dtype: None,
        target_bits: 1.0,
        ..calibration(300)
    };
    let refused = Sensitivity::measure(&calibration, &mut |_| unreachable!("measured"));
    let sentence = refused.unwrap_err().to_string();
    assert!(
        sentence.starts_with("a target of 1 bits per weight is out of reach"),
        "{sentence}"
    );
}

#[test]
fn measuring_can_be_stopped() {
    let stopped = Sensitivity::measure(&calibration(300), &mut |progress| {
        assert!(progress.evaluated <= progress.total && progress.total > 0);
        ControlFlow::Break(())
    });
    assert!(matches!(stopped, Err(QuantizeError::Cancelled)));
}
