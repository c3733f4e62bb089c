//! Text in shards, as rows of tokens in an order that can be taken up again.
//!
//! A shard is a file: Parquet with a column `text`, JSON lines with a field `text`, or plain text in
//! which a line `<|endoftext|>` ends a document. What a shard holds is hostile until it has been read:
//! a document or a shard that cannot be is left out and counted, or refused where the caller is strict.

mod content;
mod documents;
mod error;
mod position;
mod row;
mod settings;
mod shard;
mod shard_list;
mod skipped;

pub use content::Content;
pub use error::DataError;
pub use position::Position;
pub use row::Row;
pub use settings::{DataSettings, DataSource};
pub use skipped::SkippedShards;

pub(crate) use content::Document;
pub(crate) use documents::Documents;
