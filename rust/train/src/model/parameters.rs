//! One value for each matrix of the model: the matrix itself, its gradient, or its optimizer's state.

/// One value for each matrix of a block.
#[derive(Debug, Clone)]
pub struct BlockMatrices<T> {
    /// Queries from the normalised input.
    pub query: T,
    /// Keys.
    pub key: T,
    /// Values.
    pub value: T,
    /// What all heads found, back to the model's width.
    pub output: T,
    /// To the MLP's width.
    pub expand: T,
    /// And back.
    pub project: T,
}

/// What the matrices of a block are called, in the order of [`BlockMatrices::in_order`].
const NAMES: [&str; 6] = [
    "attn.c_q",
    "attn.c_k",
    "attn.c_v",
    "attn.c_proj",
    "mlp.c_fc",
    "mlp.c_proj",
];

const EMBEDDING: &str = "transformer.wte.weight";
const HEAD: &str = "lm_head.weight";

impl<T> BlockMatrices<T> {
    /// In the order in which checkpoints name them.
    pub fn in_order(self) -> [T; 6] {
        [
            self.query,
            self.key,
            self.value,
            self.output,
            self.expand,
            self.project,
        ]
    }

    /// From the same order.
    fn of_order<E>(matrices: [Result<T, E>; 6]) -> Result<Self, E> {
        let [query, key, value, output, expand, project] = matrices;
        Ok(Self {
            query: query?,
            key: key?,
            value: value?,
            output: output?,
            expand: expand?,
            project: project?,
        })
    }

    /// Each of them.
    pub fn as_ref(&self) -> BlockMatrices<&T> {
        BlockMatrices {
            query: &self.query,
            key: &self.key,
            value: &self.value,
            output: &self.output,
            expand: &self.expand,
            project: &self.project,
        }
    }

    fn as_mut(&mut self) -> BlockMatrices<&mut T> {
        BlockMatrices {
            query: &mut self.query,
            key: &mut self.key,
            value: &mut self.value,
            output: &mut self.output,
            expand: &mut self.expand,
            project: &mut self.project,
        }
    }
}

/// One value for each matrix of a model.
#[derive(Debug, Clone)]
pub struct Parameters<T> {
    /// Rows that stand for tokens.
    pub embedding: T,
    /// The blocks, from the first that tokens pass.
    pub blocks: Vec<BlockMatrices<T>>,
    /// Logits from what the last block leaves.
    pub head: T,
}

/// Where in a model a matrix stands; recipes treat tables and block matrices differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The rows that stand for tokens.
    Embedding,
    /// A matrix that is a block's, and that begins at zero where it leads back into the residual stream.
    Block {
        /// Whether what it gives is added to the residual stream.
        is_residual: bool,
    },
    /// The matrix that gives logits.
    Head,
}

impl<T> Parameters<T> {
    /// What `make` gives for each name of a model with `layers` blocks, in [`Self::names`]'s order.
    ///
    /// # Errors
    /// The first of `make`'s.
    pub fn try_make<E>(
        layers: usize,
        mut make: impl FnMut(&str, Place) -> Result<T, E>,
    ) -> Result<Self, E> {
        let embedding = make(EMBEDDING, Place::Embedding)?;
        let blocks = (0..layers).map(|layer| {
            BlockMatrices::of_order(named_block(layer).map(|(name, place)| make(&name, place)))
        });
        let blocks = blocks.collect::<Result<_, E>>()?;
        Ok(Self {
            embedding,
            blocks,
            head: make(HEAD, Place::Head)?,
        })
    }

    /// What `map` makes of each value, in the order of [`Self::names`].
    ///
    /// # Errors
    /// The first of `map`'s.
    pub fn try_map<U, E>(
        &self,
        mut map: impl FnMut(&T) -> Result<U, E>,
    ) -> Result<Parameters<U>, E> {
        let embedding = map(&self.embedding)?;
        let blocks = self.blocks.iter();
        let blocks =
            blocks.map(|block| BlockMatrices::of_order(block.as_ref().in_order().map(&mut map)));
        let blocks = blocks.collect::<Result<_, E>>()?;
        Ok(Parameters {
            embedding,
            blocks,
            head: map(&self.head)?,
        })
    }

    /// The tensors' names and places: embedding, blocks, head.
    pub fn names(&self) -> impl Iterator<Item = (String, Place)> + use<T> {
        named_places(self.blocks.len())
    }

    /// Every value, in the order of [`Self::names`].
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let blocks = self
            .blocks
            .iter()
            .flat_map(|block| block.as_ref().in_order());
        std::iter::once(&self.embedding)
            .chain(blocks)
            .chain([&self.head])
    }

    /// Every value, in the order of [`Self::names`].
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let blocks = self.blocks.iter_mut();
        let blocks = blocks.flat_map(|block| block.as_mut().in_order());
        std::iter::once(&mut self.embedding)
            .chain(blocks)
            .chain([&mut self.head])
    }
}

fn named_block(layer: usize) -> [(String, Place); 6] {
    NAMES.map(|name| {
        let is_residual = name.ends_with("c_proj");
        let name = format!("transformer.h.{layer}.{name}.weight");
        (name, Place::Block { is_residual })
    })
}

fn named_places(layers: usize) -> impl Iterator<Item = (String, Place)> {
    std::iter::once((EMBEDDING.to_owned(), Place::Embedding))
        .chain((0..layers).flat_map(named_block))
        .chain([(HEAD.to_owned(), Place::Head)])
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn values_come_back_in_the_order_of_their_names() {
        let made: Result<_, Infallible> = Parameters::try_make(2, |name, _| Ok(name.to_owned()));
        let mut made = made.unwrap();
        let names: Vec<_> = made.names().map(|(name, _)| name).collect();
        assert_eq!(names.len(), 14);
        assert!(made.iter().eq(&names));
        assert!(made.iter_mut().map(|name| name.clone()).eq(names));
        assert_eq!(made.blocks[1].project, "transformer.h.1.mlp.c_proj.weight");
        assert_eq!(
            (made.embedding.as_str(), made.head.as_str()),
            ("transformer.wte.weight", "lm_head.weight")
        );
    }

    #[test]
    fn what_leads_into_the_residual_stream_is_known() {
        let made: Result<_, Infallible> = Parameters::try_make(1, |_, place| Ok(place));
        let places = made.unwrap();
        let residual: Vec<_> = places
            .iter()
            .map(|place| *place == Place::Block { is_residual: true })
            .collect();
        assert_eq!(
            residual,
            [false, false, false, false, true, false, true, false]
        );
    }
}
