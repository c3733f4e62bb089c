//! The library that other languages link: `libheadroom.a`.
//!
//! This room owns the boundary and nothing behind it: handles in place of pointers, text and
//! structs checked on their way in, and one guard that turns every error and every panic into
//! something the host's language can hold. It depends on the engine, on the hub to find models by
//! name, and on the other rooms below only for the names of their errors and figures. It must never know how a model computes or a
//! file is read, and no logic that two hosts would share may live in one language's module.

pub mod c;
mod fault;
mod guard;
mod handles;
mod kv_options;
mod named_models;
mod running;
mod swift;
