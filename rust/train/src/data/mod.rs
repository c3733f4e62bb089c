//! Text in shards, as rows of tokens in an order that can be taken up again.

mod error;
mod row;

pub use error::DataError;
pub use row::Row;
