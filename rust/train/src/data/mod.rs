//! Text in shards, as rows of tokens in an order that can be taken up again.
//!
//! A shard is a file: Parquet with a column `text`, JSON lines with a field `text`, or plain text in
//! which a line `<|endoftext|>` ends a document. What a shard holds is hostile until it has been read:
//! a document or a shard that cannot be is left out and counted, or refused where the caller is strict.

mod content;
mod cursor;
mod documents;
mod error;
mod packed_block;
mod packing;
mod position;
mod read_ahead;
mod remote;
mod row;
mod settings;
mod shard;
mod shard_list;
mod shard_store;
mod shuffle;
mod skipped;
mod streaming;
mod training_rows;
mod validation_rows;
mod waiting;

pub use content::Content;
pub use cursor::DataCursor;
pub use error::DataError;
pub use position::Position;
pub use row::Row;
pub use settings::{DataSettings, DataSource};
pub use skipped::SkippedShards;
pub use training_rows::TrainingRows;
pub use validation_rows::{Evaluation, ValidationRow, ValidationRows};

pub(crate) use content::Document;
pub(crate) use documents::Documents;
