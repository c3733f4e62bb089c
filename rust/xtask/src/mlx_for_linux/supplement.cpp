// What mlx-rs expects of MLX's C layer and Linux does not have.

#include <chrono>
#include <cstdint>

#include "mlx/c/array.h"
#include "mlx/mlx.h"

namespace {

const mlx::core::array& array_of(mlx_array handle) {
  return *static_cast<mlx::core::array*>(handle.ctx);
}

template <typename Half>
int item(uint16_t* result, mlx_array handle) {
  try {
    mlx::core::array copy = array_of(handle);
    Half value = copy.item<Half>();
    *result = *reinterpret_cast<uint16_t*>(&value);
    return 0;
  } catch (...) {
    return 1;
  }
}

template <typename Half>
const uint16_t* data(mlx_array handle) {
  return reinterpret_cast<const uint16_t*>(array_of(handle).data<Half>());
}

} // namespace

extern "C" {

#if !defined(__aarch64__)
// The C layer declares these only where the compiler has the scalar types; 16 bits carry them too.
int mlx_array_item_float16(uint16_t* result, const mlx_array array) {
  return item<mlx::core::float16_t>(result, array);
}
int mlx_array_item_bfloat16(uint16_t* result, const mlx_array array) {
  return item<mlx::core::bfloat16_t>(result, array);
}
const uint16_t* mlx_array_data_float16(const mlx_array array) {
  return data<mlx::core::float16_t>(array);
}
const uint16_t* mlx_array_data_bfloat16(const mlx_array array) {
  return data<mlx::core::bfloat16_t>(array);
}
#endif

// mlx-rs seeds its random state with Apple's clock.
uint64_t mach_approximate_time(void) {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

// A reference that no linker may drop makes OpenBLAS a library the executable itself needs. The
// loader then finds its `cblas_sgemm` before the wheel's reference BLAS, thirty times slower.
int openblas_get_num_threads(void);
__attribute__((used, retain)) int (*const headroom_needs_openblas)(void) = &openblas_get_num_threads;

} // extern "C"
