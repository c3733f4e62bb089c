//! How to generate.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use headroom_memory::KvQuantization;
use headroom_models::{CacheQuantization, ModelCache};

use crate::constraint::OutputConstraint;
use crate::error::EngineError;

/// What a host may choose for one generation.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateParameters {
    /// The most tokens to generate; at least 1.
    pub max_tokens: u32,
    /// 0 takes the likeliest token; higher values draw more freely.
    pub temperature: f32,
    /// Draw from the smallest set of tokens that together have this probability; 1 means all.
    pub top_p: f32,
    /// Draw from this many of the likeliest tokens; 0 means all.
    pub top_k: u32,
    /// Draw from tokens at least this share as likely as the likeliest; 0 means all.
    pub min_p: f32,
    /// Above 1, tokens seen in the last [`Self::repetition_context`] become less likely.
    pub repetition_penalty: f32,
    /// How many of the last tokens the repetition penalty looks at.
    pub repetition_context: u32,
    /// Taken from the logit of every token seen in the last [`Self::presence_context`], once; below 0
    /// such tokens become likelier.
    pub presence_penalty: f32,
    /// How many of the last tokens the presence penalty looks at.
    pub presence_context: u32,
    /// Taken from a token's logit for every time that it was seen in the last
    /// [`Self::frequency_context`].
    pub frequency_penalty: f32,
    /// How many of the last tokens the frequency penalty looks at.
    pub frequency_context: u32,
    /// Added to the logits of these tokens: token id and bias, from -100 to 100.
    pub logit_bias: BTreeMap<u32, f32>,
    /// Tell for each token how likely it was, and this many of the likeliest in its place; at most 20.
    /// `None` tells nothing, `Some(0)` nothing but the token's own.
    pub top_logprobs: Option<u32>,
    /// The model may not end its answer before it has this many tokens.
    pub min_tokens: u32,
    /// What the answer must look like; `None` lets the model write what it likes. A text that is
    /// whole ends whatever `min_tokens` says.
    pub constraint: Option<OutputConstraint>,
    /// Same seed, same prompt, same tokens. `None` takes a new one each time.
    pub seed: Option<u64>,
    /// Texts that end the generation; they are not part of the answer.
    pub stop: Vec<String>,
    /// Prompt tokens computed at once: fewer take less memory.
    pub prefill_step: u32,
    /// The most tokens whose keys and values are kept, the first few among them; `None` keeps all.
    pub max_kv_size: Option<u32>,
    /// How keys and values are quantised; `None` keeps them as they were computed.
    pub kv_quantization: Option<KvQuantization>,
    /// From how many tokens on keys and values are quantised.
    pub quantized_kv_start: u32,
    /// Whether the governor acts when memory gets tight.
    pub governing: Governing,
    /// Tells the host about memory every so many tokens; `None` never does.
    pub monitor_interval: Option<u32>,
}

/// More would be a list of the vocabulary rather than of what was likely.
const MOST_TOP_LOGPROBS: u32 = 20;

/// Whether the governor watches over a generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Governing {
    /// Between steps it looks at memory and acts before the system does.
    #[default]
    On,
    /// Nothing is done about memory, and the system may end the process.
    Off,
}

impl Default for GenerateParameters {
    fn default() -> Self {
        Self {
            max_tokens: 256,
            temperature: 0.0,
            top_p: 1.0,
            top_k: 0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            repetition_context: 20,
            presence_penalty: 0.0,
            presence_context: 20,
            frequency_penalty: 0.0,
            frequency_context: 20,
            logit_bias: BTreeMap::new(),
            top_logprobs: None,
            min_tokens: 0,
            constraint: None,
            seed: None,
            stop: Vec::new(),
            prefill_step: 512,
            max_kv_size: None,
            kv_quantization: None,
            quantized_kv_start: 0,
            governing: Governing::On,
            monitor_interval: None,
        }
    }
}

impl GenerateParameters {
    /// Refuses what cannot be meant.
    ///
    /// # Errors
    /// One that names the first parameter outside its range, and the range.
    pub fn validate(&self) -> Result<(), EngineError> {
        at_least_one("max_tokens", self.max_tokens)?;
        at_least_one("prefill_step", self.prefill_step)?;
        at_least_one("monitor_interval", self.monitor_interval.unwrap_or(1))?;
        self.validate_sampling()?;
        self.validate_penalties()?;
        self.validate_lengths()?;
        self.validate_kv_cache()?;
        if self.stop.iter().any(String::is_empty) {
            return Err(refused("stop", "an empty text", "one character or more"));
        }
        Ok(())
    }

    fn validate_sampling(&self) -> Result<(), EngineError> {
        within(
            "temperature",
            self.temperature,
            0.0..=100.0,
            "a number from 0 to 100",
        )?;
        within(
            "top_p",
            self.top_p,
            f32::MIN_POSITIVE..=1.0,
            "a number above 0 and at most 1",
        )?;
        within("min_p", self.min_p, 0.0..=1.0, "a number from 0 to 1")?;
        match self.top_logprobs {
            Some(count) if count > MOST_TOP_LOGPROBS => {
                Err(refused("top_logprobs", &count.to_string(), "at most 20"))
            }
            _ => Ok(()),
        }
    }

    fn validate_penalties(&self) -> Result<(), EngineError> {
        at_least_one("repetition_context", self.repetition_context)?;
        at_least_one("presence_context", self.presence_context)?;
        at_least_one("frequency_context", self.frequency_context)?;
        within(
            "repetition_penalty",
            self.repetition_penalty,
            0.01..=100.0,
            "a number from 0.01 to 100",
        )?;
        let additive =
            |name, value| within(name, value, -100.0..=100.0, "a number from -100 to 100");
        additive("presence_penalty", self.presence_penalty)?;
        additive("frequency_penalty", self.frequency_penalty)?;
        let mut biases = self.logit_bias.values();
        biases.try_for_each(|&bias| additive("logit_bias", bias))
    }

    fn validate_lengths(&self) -> Result<(), EngineError> {
        match self.min_tokens > self.max_tokens {
            false => Ok(()),
            true => Err(refused(
                "min_tokens",
                &self.min_tokens.to_string(),
                "at most max_tokens",
            )),
        }
    }

    /// Refuses a bias for a token that a model of `vocabulary_size` does not have.
    pub(crate) fn validate_bias(&self, vocabulary_size: u32) -> Result<(), EngineError> {
        match self.logit_bias.keys().next_back() {
            Some(&id) if id >= vocabulary_size => Err(EngineError::BiasOutOfVocabulary {
                id,
                vocabulary_size,
            }),
            _ => Ok(()),
        }
    }

    fn validate_kv_cache(&self) -> Result<(), EngineError> {
        let smallest = ModelCache::SMALLEST_BOUND as u32;
        if let Some(size) = self.max_kv_size.filter(|&size| size < smallest) {
            return Err(refused("max_kv_size", &size.to_string(), "at least 8"));
        }
        let Some(KvQuantization { bits, group_size }) = self.kv_quantization else {
            return Ok(());
        };
        if bits != 16 && !CacheQuantization::BITS.contains(&bits.into()) {
            return Err(refused("kv_bits", &bits.to_string(), "2, 3, 4, 6, 8 or 16"));
        }
        match CacheQuantization::GROUP_SIZES.contains(&(group_size as i32)) {
            true => Ok(()),
            false => Err(refused(
                "kv_group_size",
                &group_size.to_string(),
                "32, 64 or 128",
            )),
        }
    }
}

fn at_least_one(name: &'static str, value: u32) -> Result<(), EngineError> {
    match value {
        0 => Err(refused(name, "0", "at least 1")),
        _ => Ok(()),
    }
}

fn within(
    name: &'static str,
    value: f32,
    range: RangeInclusive<f32>,
    allowed: &'static str,
) -> Result<(), EngineError> {
    match range.contains(&value) {
        true => Ok(()),
        false => Err(refused(name, &value.to_string(), allowed)),
    }
}

fn refused(name: &'static str, found: &str, allowed: &'static str) -> EngineError {
    EngineError::Parameter {
        name,
        found: found.to_owned(),
        allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut GenerateParameters)) -> String {
        let mut parameters = GenerateParameters::default();
        change(&mut parameters);
        parameters.validate().unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_valid() {
        GenerateParameters::default().validate().unwrap();
    }

    #[test]
    fn a_bias_is_for_tokens_that_the_model_has() {
        let parameters = GenerateParameters {
            logit_bias: BTreeMap::from([(0, 1.0), (96, -1.0)]),
            ..Default::default()
        };
        parameters.validate_bias(97).unwrap();
        let error = parameters.validate_bias(96).unwrap_err();
        assert!(error.is_wrong_use());
        assert!(error.to_string().contains("96"), "{error}");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        assert_eq!(
            refusal(|p| p.max_tokens = 0),
            "max_tokens is 0, but must be at least 1"
        );
        assert!(refusal(|p| p.temperature = f32::NAN).starts_with("temperature is NaN"));
        assert!(refusal(|p| p.top_p = 0.0).starts_with("top_p is 0"));
        assert!(refusal(|p| p.min_p = 1.5).starts_with("min_p is 1.5"));
        assert!(refusal(|p| p.repetition_penalty = -1.0).starts_with("repetition_penalty is -1"));
        assert!(
            refusal(|p| p.presence_penalty = f32::INFINITY).starts_with("presence_penalty is inf")
        );
        assert!(refusal(|p| p.frequency_penalty = -101.0).starts_with("frequency_penalty is -101"));
        assert!(refusal(|p| p.presence_context = 0).starts_with("presence_context is 0"));
        assert!(refusal(|p| p.frequency_context = 0).starts_with("frequency_context is 0"));
        assert_eq!(
            refusal(|p| p.logit_bias = BTreeMap::from([(3, f32::NAN)])),
            "logit_bias is NaN, but must be a number from -100 to 100"
        );
        assert_eq!(
            refusal(|p| p.top_logprobs = Some(21)),
            "top_logprobs is 21, but must be at most 20"
        );
        assert_eq!(
            refusal(|p| (p.min_tokens, p.max_tokens) = (9, 8)),
            "min_tokens is 9, but must be at most max_tokens"
        );
        assert!(refusal(|p| p.stop = vec![String::new()]).starts_with("stop is an empty text"));
        assert_eq!(
            refusal(|p| p.max_kv_size = Some(7)),
            "max_kv_size is 7, but must be at least 8"
        );
        let quantized = |bits, group_size| Some(KvQuantization { bits, group_size });
        assert_eq!(
            refusal(|p| p.kv_quantization = quantized(5, 64)),
            "kv_bits is 5, but must be 2, 3, 4, 6, 8 or 16"
        );
        assert_eq!(
            refusal(|p| p.kv_quantization = quantized(4, 16)),
            "kv_group_size is 16, but must be 32, 64 or 128"
        );
        assert!(refusal(|p| p.monitor_interval = Some(0)).starts_with("monitor_interval is 0"));
    }
}
