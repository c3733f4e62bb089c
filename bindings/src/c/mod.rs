//! The C boundary: what `include/headroom.h` declares, one file per idea.
//!
//! Only these files know C. Each export does three things inside the guard: it turns what C gave
//! into owned Rust values, calls the engine, and writes its outputs when all has gone well. No lock
//! is held while host code runs.
//!
//! Names are those of the header, so they follow C's habits and not Rust's.
#![allow(non_camel_case_types)]

// The header declares them in this order, which blank lines keep from being sorted by name.
pub mod version;

pub mod error;

pub mod string;

pub mod memory;

pub mod model;

pub mod parameters;

pub mod action;

pub mod event;

pub mod generation;

pub mod summary;

pub mod logprobs;

pub mod pause;

pub mod limits;

pub mod registry;

pub mod fit;

pub mod download;

pub mod chat;

pub mod session;

pub mod cache;

pub mod cache_monitor;

pub mod cache_file;

pub mod aids;

pub mod test;

mod output;
mod structs;
mod text;
