//! `bindings.rs`, as mlx-sys's build script would generate it.

use anyhow::{Context, Result};

use super::Layout;
use crate::process::write_if_changed;

/// On x86-64 the C headers leave the 16-bit accessors out; mlx-rs needs them, with these types.
#[cfg(not(target_arch = "aarch64"))]
const HALF_DECLARATIONS: &str = r#"
#[repr(transparent)]
#[derive(Debug, Default, Copy, Clone)]
pub struct float16_t(pub u16);
pub type bfloat16_t = u16;
unsafe extern "C" {
    pub fn mlx_array_item_float16(res: *mut float16_t, arr: mlx_array) -> ::std::os::raw::c_int;
    pub fn mlx_array_item_bfloat16(res: *mut bfloat16_t, arr: mlx_array) -> ::std::os::raw::c_int;
    pub fn mlx_array_data_float16(arr: mlx_array) -> *const float16_t;
    pub fn mlx_array_data_bfloat16(arr: mlx_array) -> *const bfloat16_t;
}
"#;
#[cfg(target_arch = "aarch64")]
const HALF_DECLARATIONS: &str = "";

/// Writes `bindings.rs` over every header of MLX's C layer, with mlx-sys's own options.
pub(super) fn generate(layout: &Layout) -> Result<()> {
    let mut headers = std::fs::read_dir(layout.mlx_c.join("mlx/c"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    headers.retain(|path| path.extension().is_some_and(|extension| extension == "h"));
    headers.sort();
    let builder = bindgen::Builder::default()
        .clang_arg(format!("-I{}", layout.mlx_c.display()))
        .blocklist_function("malloc")
        .blocklist_function("realloc");
    let builder = headers.iter().fold(builder, |builder, header| {
        builder.header(header.to_string_lossy())
    });
    let bindings = builder.generate().context(
        "MLX's headers could not be read; libclang must be installed (on Debian: `apt-get install libclang-dev`)",
    )?;
    let text = format!("{bindings}{HALF_DECLARATIONS}");
    write_if_changed(&layout.bindings().join("bindings.rs"), &text)
}
