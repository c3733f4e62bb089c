//! From a run to a checkpoint, and back.

use std::path::{Path, PathBuf};

use headroom_mlx::Array;
use serde_json::Value;

use crate::checkpoint::{CheckpointStore, SavedCheckpoint, Snapshot, TrainingState};
use crate::error::TrainError;
use crate::model::read_weights;
use crate::optimizer::non_finite;
use crate::run::training::Training;

/// What a checkpoint holds beside the run's tensors.
pub(crate) struct Surroundings<'a> {
    /// Where the next row begins.
    pub(crate) cursor: Value,
    /// All settings, flat.
    pub(crate) configuration: &'a Value,
    /// Where the tokenizer's files lie.
    pub(crate) tokenizer: &'a Path,
    pub(crate) seed: u64,
}

impl Training {
    /// Saves the run as it is.
    ///
    /// # Errors
    /// When it cannot be written, or a weight is not finite; what stood before still stands.
    pub(crate) fn save(
        &self,
        store: &mut CheckpointStore,
        surroundings: &Surroundings,
    ) -> Result<PathBuf, TrainError> {
        self.require_finite()?;
        let state = TrainingState {
            step: self.optimizer.step,
            tokens: self.tokens,
            random_seed: surroundings.seed,
            cursor: surroundings.cursor.clone(),
            configuration: surroundings.configuration.clone(),
        };
        let named = self.weights.names().zip(self.weights.iter());
        let weights: Vec<_> = named
            .map(|((name, _), array)| (name, array.clone()))
            .collect();
        Ok(store.save(&Snapshot {
            state: &state,
            weights: &weights,
            optimizer: &self.remembered(),
            config: &self.geometry.config(),
            tokenizer: surroundings.tokenizer,
        })?)
    }

    /// A checkpoint with an infinity in it would be none to go on from.
    fn require_finite(&self) -> Result<(), TrainError> {
        match non_finite(&self.weights)? {
            None => Ok(()),
            Some(tensor) => Err(TrainError::NotFinite {
                what: "weight",
                tensor,
                step: self.optimizer.step,
            }),
        }
    }

    /// What the optimizers remember, by name.
    fn remembered(&self) -> Vec<(String, Array)> {
        let states = self
            .optimizer
            .states
            .names()
            .zip(self.optimizer.states.iter());
        let named = states.flat_map(|((name, _), state)| {
            let parts = state.parts().into_iter();
            parts.map(move |(part, array)| (format!("{name}.{part}"), array.clone()))
        });
        named.collect()
    }

    /// Goes on from a checkpoint: weights and what the optimizers remember, one tensor after another.
    ///
    /// # Errors
    /// When a tensor is not what this run has.
    pub(crate) fn restore(&mut self, saved: &SavedCheckpoint) -> Result<(), TrainError> {
        let weights = saved.weights().checkpoint();
        let dtype = self.dtype();
        // The old ones go first: there is no room for both.
        for weight in self.weights.iter_mut() {
            *weight = Array::from_f32(0.0);
        }
        self.weights = read_weights(weights, &self.geometry, dtype)?;
        let states = &mut self.optimizer.states;
        let names: Vec<_> = states.names().map(|(name, _)| name).collect();
        for (name, state) in names.into_iter().zip(states.iter_mut()) {
            for (part, array) in state.parts_mut() {
                let read = saved.optimizer().read(&format!("{name}.{part}"))?;
                if read.shape() != array.shape() {
                    return Err(TrainError::Tensor {
                        tensor: format!("{name}.{part}"),
                        expected: [array.dim(0) as usize, array.dim(1) as usize],
                    });
                }
                *array = read.as_dtype(array.dtype())?;
                array.eval()?;
            }
        }
        self.optimizer.step = saved.state().step;
        self.tokens = saved.state().tokens;
        Ok(())
    }
}
