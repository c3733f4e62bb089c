//! Compiles what is C++: MLX's C layer has no array over memory that nobody has written yet.

fn main() {
    const SOURCE: &str = "src/array_block/one_allocation.cpp";
    println!("cargo::rerun-if-changed={SOURCE}");
    // There Metal takes memory that was mapped, and no C++ is needed.
    if std::env::var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|vendor| vendor == "apple") {
        return;
    }
    println!("cargo::rerun-if-env-changed=DEP_MLX_INCLUDE");
    let include = std::env::var_os("DEP_MLX_INCLUDE").unwrap_or_default();
    cc::Build::new()
        .cpp(true)
        .std("c++20")
        .includes(std::env::split_paths(&include))
        // MLX's headers have unused parameters.
        .warnings(false)
        .file(SOURCE)
        .compile("headroom_one_allocation");
}
