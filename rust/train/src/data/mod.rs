//! Text in shards, as rows of tokens in an order that can be taken up again.

mod error;

pub use error::DataError;
