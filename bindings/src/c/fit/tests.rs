use headroom_memory::KvQuantization;

use super::*;

fn plan() -> GenerationPlan {
    GenerationPlan {
        max_kv_size: Some(64),
        kv_quantization: Some(KvQuantization::EIGHT_BITS),
        quantized_kv_start: 3,
        ..GenerationPlan::of_context(1000)
    }
}

fn answer(fit: Fit) -> (hr_fit_report, Option<GenerationPlan>) {
    let found = FitReport {
        fit,
        embedding: Default::default(),
        available_bytes: Some(10),
        alternative: None,
    };
    report_out(&found, &plan())
}

#[test]
fn a_plan_comes_in_as_it_goes_out() {
    let back = hr_generation_plan::from(&plan()).into_owned();
    assert_eq!(back.unwrap(), plan());
}

#[test]
fn a_plan_that_no_generation_has_is_refused() {
    let given = hr_generation_plan::from(&plan());
    let refused = |given: hr_generation_plan| given.into_owned().unwrap_err().message;
    let without_context = hr_generation_plan {
        context_tokens: 0,
        ..given
    };
    assert!(refused(without_context).starts_with("context_tokens is 0"));
    let without_step = hr_generation_plan {
        prefill_step: 0,
        ..given
    };
    assert!(refused(without_step).starts_with("prefill_step is 0"));
    let odd_bits = hr_generation_plan {
        kv_bits: 5,
        ..given
    };
    assert!(refused(odd_bits).starts_with("kv_bits is 5"));
}

#[test]
fn what_fits_as_asked_fits_with_the_plan_that_was_asked() {
    let prediction = Prediction {
        weights_bytes: 1,
        kv_cache_bytes: 2,
        workspace_bytes: 3,
        logits_bytes: 4,
    };
    let (report, fitting) = answer(Fit::Fits { prediction });
    assert_eq!(report.answer, hr_fit_answer::HR_FIT_FITS);
    assert_eq!((report.needed_bytes, report.available_bytes), (10, 10));
    assert_eq!(fitting, Some(plan()));
}

#[test]
fn what_does_not_fit_has_no_plan_and_no_parts() {
    let (report, fitting) = answer(Fit::DoesNotFit {
        needed_bytes: 11,
        available_bytes: 10,
    });
    assert_eq!(report.answer, hr_fit_answer::HR_FIT_DOES_NOT_FIT);
    assert_eq!(
        (report.needed_bytes, report.weights_bytes),
        (11, HR_UNKNOWN)
    );
    assert_eq!(fitting, None);
}
