// MLX's C layer uses std::format, which libstdc++ has from GCC 13 on. Before that, {fmt} does the same.
#if defined(__cplusplus)
#include <version>
#if !defined(__cpp_lib_format)
#define FMT_HEADER_ONLY 1
#include <fmt/format.h>
namespace std {
using fmt::format;
}
#else
#include <format>
#endif
#endif
