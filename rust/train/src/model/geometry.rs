//! How large a model is.

use serde_json::{Value, json};

use crate::error::TrainError;
use crate::model::parameters::BlockMatrices;

/// The sizes that decide a model's tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Blocks.
    pub layers: usize,
    /// Numbers that stand for one token.
    pub width: usize,
    /// Attention heads; each has keys and values of its own.
    pub heads: usize,
    /// Token ids.
    pub vocabulary: usize,
    /// Tokens of the rows that it is trained on.
    pub context: usize,
    /// The most tokens that it is said to read: those of the longest rows that it was ever trained on.
    pub positions: usize,
}

/// Width that each block adds, as the recipe has it.
const WIDTH_OF_A_BLOCK: usize = 64;
/// The width of a head, as far as it divides the model's.
const HEAD_WIDTH: usize = 128;
/// How much wider the MLP is than the model.
const MLP_RATIO: usize = 4;
/// More blocks than any model here has had; keeps sizes far from overflow.
const MOST_BLOCKS: usize = 128;

impl Geometry {
    /// The recipe's model of that many blocks: width 64 a block, heads of 128.
    ///
    /// # Errors
    /// When there is no such model: no block, heads that do not divide the width, no vocabulary, no
    /// context.
    pub fn of_depth(depth: usize, vocabulary: usize, context: usize) -> Result<Self, TrainError> {
        if !(1..=MOST_BLOCKS).contains(&depth) {
            return Err(TrainError::Depth { depth });
        }
        let width = depth * WIDTH_OF_A_BLOCK;
        let heads = width.div_ceil(HEAD_WIDTH);
        // Halves of a head are rotated against each other.
        if !width.is_multiple_of(2 * heads) {
            return Err(TrainError::Depth { depth });
        }
        require_size("vocab", vocabulary)?;
        require_size("context", context)?;
        Ok(Self {
            layers: depth,
            width,
            heads,
            vocabulary,
            context,
            positions: context,
        })
    }

    /// The same model on rows of another length. Longer ones let it read more: positions are turns of
    /// a wheel, not entries of a table.
    ///
    /// # Errors
    /// When there are no such rows.
    pub fn on_rows_of(self, context: usize) -> Result<Self, TrainError> {
        require_size("context", context)?;
        Ok(Self {
            context,
            positions: self.positions.max(context),
            ..self
        })
    }

    /// The width of one head.
    pub fn head_dim(&self) -> usize {
        self.width / self.heads
    }

    /// `(outputs, inputs)` of a block's matrices.
    pub fn block_shapes(&self) -> BlockMatrices<[usize; 2]> {
        let (width, wide) = (self.width, MLP_RATIO * self.width);
        BlockMatrices {
            query: [width, width],
            key: [width, width],
            value: [width, width],
            output: [width, width],
            expand: [wide, width],
            project: [width, wide],
        }
    }

    /// `(vocabulary, width)`, of the embedding and of the head.
    pub fn table_shape(&self) -> [usize; 2] {
        [self.vocabulary, self.width]
    }

    /// `(rows, columns)` of every matrix, in the order of their names.
    pub fn shapes(&self) -> Vec<[usize; 2]> {
        let blocks = (0..self.layers).flat_map(|_| self.block_shapes().in_order());
        let table = std::iter::once(self.table_shape());
        table.clone().chain(blocks).chain(table).collect()
    }

    /// Numbers in the matrices of all blocks.
    pub fn block_parameters(&self) -> u64 {
        let each = self.block_shapes();
        let each = each
            .in_order()
            .into_iter()
            .map(|[rows, columns]| rows * columns);
        each.sum::<usize>() as u64 * self.layers as u64
    }

    /// Numbers in embedding and head.
    pub fn table_parameters(&self) -> u64 {
        2 * (self.vocabulary * self.width) as u64
    }

    /// Every number that is learned.
    pub fn parameters(&self) -> u64 {
        self.block_parameters() + self.table_parameters()
    }

    /// `config.json` as Headroom and mlx-lm read it.
    pub fn config(&self) -> Value {
        json!({
            "architectures": ["NanoChatForCausalLM"],
            "model_type": "nanochat",
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.heads,
            "intermediate_size": MLP_RATIO * self.width,
            "vocab_size": self.vocabulary,
            "max_position_embeddings": self.positions,
            "rope_theta": 10000.0,
            "rms_norm_eps": 1e-5,
            "tie_word_embeddings": false,
        })
    }
}

fn require_size(name: &'static str, size: usize) -> Result<(), TrainError> {
    match (2..=1 << 24).contains(&size) {
        true => Ok(()),
        false => Err(TrainError::Size { name, size }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_have_the_sizes_that_the_recipe_states() {
        let parameters = |depth| {
            Geometry::of_depth(depth, 65_536, 2048)
                .unwrap()
                .parameters()
        };
        let stated = [185_597_952, 335_544_320, 560_988_160, 1_081_999_360];
        assert_eq!([12, 16, 20, 26].map(parameters), stated);
        let twelve = Geometry::of_depth(12, 65_536, 2048).unwrap();
        assert_eq!(
            (twelve.width, twelve.heads, twelve.head_dim()),
            (768, 6, 128)
        );
    }

    #[test]
    fn longer_rows_let_a_model_read_more_and_shorter_ones_no_less() {
        let model = Geometry::of_depth(4, 512, 512).unwrap();
        let stated = |context| {
            model.on_rows_of(context).unwrap().config()["max_position_embeddings"].clone()
        };
        assert_eq!([256, 1024].map(stated), [512, 1024]);
        assert!(model.on_rows_of(1).is_err());
    }

    #[test]
    fn what_makes_no_model_is_refused_in_a_sentence() {
        let sentence = |depth, vocabulary, context| {
            Geometry::of_depth(depth, vocabulary, context)
                .unwrap_err()
                .to_string()
        };
        assert!(sentence(0, 512, 64).contains("--depth 0"));
        assert!(sentence(5, 512, 64).contains("--depth 5"));
        assert!(sentence(usize::MAX, 512, 64).contains("--depth"));
        assert!(sentence(4, 0, 64).contains("--vocab 0"));
        assert!(sentence(4, 512, usize::MAX).contains("--context"));
    }
}
