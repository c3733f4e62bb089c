//! The little that mlx-rs lacks: start-up with an error handler that returns, the allocator's
//! figures and limits, arrays from checked bytes, and matrix products that suit a CPU.
//!
//! It depends on mlx-rs, mlx-sys and `kernels` only. It must never know a model, a file's format or a request. Unsafe
//! code that touches MLX lives here.

mod affine_matrix;
pub mod allocator;
mod array_block;
mod bits;
mod byte_fields;
mod capped_loss;
mod exit;
mod floating_matrix;
mod floating_mode;
mod heap;
mod ordering;
mod processor;
mod products;
mod quantized_matrix;
mod stochastic_rounding;
mod tensor_bytes;

pub use affine_matrix::AffineMatrix;
pub use array_block::{ArrayBlock, ArrayLayout, map_array};
pub use capped_loss::{TokenTargets, capped_loss};
pub use exit::{stop_at_exit, wait_for_running_work};
pub use floating_matrix::FloatingMatrix;
pub use floating_mode::FloatingMode;
pub use heap::{keep_heap_trimmed, trim_heap, use_one_heap};
pub use mlx_rs::error::Exception;
pub use mlx_rs::{Array, Dtype};
pub use ordering::after;
pub use processor::{Processor, recommended_working_set_bytes, start, use_metal_library};
pub use products::{multiply_dense, multiply_quantized, rows_of_quantized, warm_up_products};
pub use quantized_matrix::QuantizedMatrix;
pub use stochastic_rounding::round_stochastically;
pub use tensor_bytes::{array_from_bytes, bytes_of_array};

/// What every fallible MLX operation returns.
pub type Result<T> = std::result::Result<T, Exception>;

/// MLX's operations, as mlx-rs offers them, for the rooms above.
pub mod ops {
    pub use mlx_rs::ops::*;
    pub use mlx_rs::{fast, random, transforms};
}
