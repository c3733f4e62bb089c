// Arrays over parts of one allocation that nothing has been written to, which MLX's C layer cannot
// make.

#include <algorithm>
#include <memory>

#include "mlx/allocator.h"
#include "mlx/array.h"

using mlx::core::array;

// An array that owns this many bytes, and where they lie; NULL where there is no memory.
extern "C" void* headroom_new_allocation(size_t bytes, void** start) noexcept {
  try {
    auto memory = mlx::core::allocator::malloc(bytes);
    if (memory.ptr() == nullptr) {
      return nullptr;
    }
    // Its own shape has no meaning, and one that has would not fit 32 bits.
    auto owner = std::make_unique<array>(memory, mlx::core::Shape{1}, mlx::core::uint8);
    *start = owner->data<char>();
    return owner.release();
  } catch (...) {
    return nullptr;
  }
}

// A row-contiguous array of the shape and type of `pattern`, which is not evaluated, over the bytes of
// `owner` from `offset` on, a multiple of the type's size. It keeps them alive. NULL on failure.
extern "C" void* headroom_array_within(
    const void* owner, const void* pattern, size_t offset) noexcept {
  try {
    const auto& like = *static_cast<const array*>(pattern);
    auto part = std::make_unique<array>(
        like.shape(), like.dtype(), nullptr, std::vector<array>{});
    const auto& shape = part->shape();
    auto longest = std::max_element(shape.begin(), shape.end());
    bool is_line = part->size() <= 1 || part->size() == static_cast<size_t>(*longest);
    array::Flags flags{.contiguous = true, .row_contiguous = true, .col_contiguous = is_line};
    part->copy_shared_buffer(
        *static_cast<const array*>(owner),
        part->strides(),
        flags,
        part->size(),
        static_cast<int64_t>(offset / part->itemsize()));
    part->set_status(array::Status::available);
    return part.release();
  } catch (...) {
    return nullptr;
  }
}
