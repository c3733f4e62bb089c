//! The C boundary: what `include/headroom.h` declares, one file per idea.
//!
//! Only these files and nothing below them know C. Each export does three things inside the guard:
//! it turns what C gave into owned Rust values, calls the engine, and writes its outputs when all
//! has gone well. No lock is held while host code runs.
//!
//! Names are those of the header, so they follow C's habits and not Rust's.
#![allow(non_camel_case_types)]

pub mod chat;
pub mod error;
pub mod event;
pub mod generation;
pub mod memory;
pub mod model;
mod output;
pub mod parameters;
pub mod session;
pub mod string;
mod structs;
pub mod summary;
pub mod test;
mod text;
pub mod version;
