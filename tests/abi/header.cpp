// The same header through a C++ compiler, and a few calls through it.

#include "headroom.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <type_traits>

namespace {

int failures = 0;

void expect(bool holds, const char *what) {
    std::printf("%s: %s\n", holds ? "passed" : "failed", what);
    failures += holds ? 0 : 1;
}

// What the binary interface fixes for ever.
static_assert(sizeof(hr_code) == 4, "codes are 32-bit");
static_assert(std::is_same<hr_model, std::uint64_t>::value, "handles are 64-bit");
static_assert(offsetof(hr_event, size) == 0, "size comes first");
static_assert(offsetof(hr_generate_parameters, size) == 0, "size comes first");
static_assert(HR_INTERNAL == 1 && HR_WRONG_GENERATION_STATE == 22, "codes are stable");
static_assert(HR_DOES_NOT_FIT == 23 && HR_SPILL_FAILED == 31, "codes are stable");
static_assert(HR_INVALID_CONSTRAINT == 32 && HR_CONSTRAINT_FAILED == 33, "codes are stable");
static_assert(sizeof(hr_token_bias) == 8 && sizeof(hr_token_logprob) == 8, "hosts hold arrays");
static_assert(offsetof(hr_generate_parameters, presence_penalty) ==
                  offsetof(hr_generate_parameters, is_governed) + sizeof(std::uint32_t),
              "what the first version had stays where it was");
static_assert(offsetof(hr_generate_parameters, max_kv_size) ==
                  offsetof(hr_generate_parameters, stop_count) + sizeof(std::size_t),
              "what the first version had stays where it was");
static_assert(offsetof(hr_event, action) == offsetof(hr_event, total_tokens) + 8,
              "what the first version had stays where it was");

bool refused_with(hr_error *error, hr_code code, const char *words) {
    const bool matches = hr_error_code(error) == code &&
                         std::string(hr_error_message(error)).find(words) != std::string::npos;
    hr_error_free(error);
    return matches;
}

bool reads_memory() {
    hr_memory_state state{};
    state.size = sizeof state;
    hr_error *error = hr_memory_get_state(&state);
    hr_error_free(error);
    return error == nullptr && state.used_bytes > 0 && !std::isinf(state.memory_usage_ratio);
}

bool fills_in_parameters() {
    hr_generate_parameters parameters{};
    parameters.size = sizeof parameters;
    hr_error *error = hr_generate_parameters_init(&parameters);
    hr_error_free(error);
    return error == nullptr && parameters.max_tokens > 0 && parameters.prefill_step > 0;
}

bool refuses_a_missing_directory() {
    const std::string path = "/nowhere/at all";
    hr_model model = 0;
    hr_error *error = hr_model_load(path.data(), path.size(), nullptr, nullptr, &model);
    return refused_with(error, HR_FILE_UNREADABLE, "/nowhere/at all") && model == 0;
}

// A lambda without captures is a callback.
bool takes_a_lambda() {
    hr_event_callback ignore = [](void *, const hr_event *) -> std::int32_t { return 0; };
    return refused_with(hr_generation_run(0, ignore, nullptr), HR_INVALID_HANDLE, "0");
}

}  // namespace

int main() {
    expect(hr_abi_version() == HR_ABI_VERSION, "header and library are of one version");
    expect(reads_memory(), "memory is read");
    expect(fills_in_parameters(), "parameters are filled in");
    expect(refuses_a_missing_directory(), "a missing directory is named");
    expect(takes_a_lambda(), "a lambda is a callback");
    expect(refused_with(hr_test_panic(), HR_INTERNAL, "hr_test_panic"), "a panic is an error");
    return failures > 0 ? 1 : 0;
}
