// An array over memory from MLX's allocator that nothing has been written to.

#include <memory>

#include "mlx/allocator.h"
#include "mlx/array.h"

using mlx::core::array;

// A new array of the shape and type of `pattern`, which is not evaluated, and where its bytes lie.
// NULL where there is no memory.
extern "C" void* headroom_unwritten_array(const void* pattern, void** bytes) noexcept {
  try {
    const auto& like = *static_cast<const array*>(pattern);
    auto memory = mlx::core::allocator::malloc(like.nbytes());
    if (memory.ptr() == nullptr) {
      return nullptr;
    }
    auto result = std::make_unique<array>(memory, like.shape(), like.dtype());
    *bytes = result->data<char>();
    return result.release();
  } catch (...) {
    return nullptr;
  }
}
