//! What Swift sees: handles and owned values that swift-bridge carries, every body inside the guard.
//!
//! swift-bridge's shims do not catch panics, and Swift could misuse a consumed or mutable `self`; so
//! only `&self` methods on values that any thread may use are bridged, and text goes over as owned
//! strings. The names start with `Bridged` because no app sees them: `swift/Sources/Headroom` is the
//! API.

#[allow(
    clippy::unnecessary_cast,
    reason = "the generated code casts pointers as it likes"
)]
#[allow(dead_code, reason = "the generated code reads fields only in Swift")]
mod bridge;
mod caches;
mod convert;
mod error;
mod handles;
mod loading;
mod memory;
mod models;
