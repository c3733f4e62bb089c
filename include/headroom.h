// Headroom: language models inside the memory that a device really has.
//
// Rules that hold for every call:
//
// - A call that can fail returns an `hr_error *`: NULL is success. Outputs are written on success
//   only. Every error that is not NULL is freed with `hr_error_free`.
// - Models, sessions, generations and strings are 64-bit handles. 0 is never valid; a handle that
//   was freed, or is of another kind, gives `HR_INVALID_HANDLE` and nothing worse.
// - Text goes in as pointer and length in bytes, UTF-8, without a zero byte; NULL with length 0 is
//   empty. The library copies it before the call returns. Text comes out as an `hr_string`, which
//   the host frees with `hr_string_free`.
// - Structs begin with `size`: set it to `sizeof` of the struct before passing its address. The
//   library reads and writes no byte past it. After a call that fills a struct, `size` says how
//   much of it was filled.
// - Any call may come from any thread, and from inside any callback: no lock is held while host
//   code runs. Callbacks run on the thread that made the call they were given to.

#ifndef HEADROOM_H
#define HEADROOM_H

// Generated from bindings/src/c by `cargo xtask header`; change it there.

#include <stddef.h>
#include <stdint.h>

// Version of this header. It changes only when a host built with an older header would break;
// new functions, and new fields at the end of structs, leave it as it is.
#define HR_ABI_VERSION 1

// An integer figure that is not known. A `double` that is not known is NaN.
#define HR_UNKNOWN UINT64_MAX

// The answer may be any text.
#define HR_CONSTRAINT_NONE 0

// The answer is JSON that the schema in `constraint` accepts.
#define HR_CONSTRAINT_JSON_SCHEMA 1

// The answer matches the regular expression in `constraint` from its beginning to its end.
#define HR_CONSTRAINT_REGEX 2

// Why a call failed. The numbers never change; new ones may be added.
enum hr_code
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Success; never the code of an error that was returned.
    HR_OK = 0,
    // A fault inside the library, caught at its border. Worth a report.
    HR_INTERNAL = 1,
    // A pointer that must not be NULL was.
    HR_NULL_POINTER = 2,
    // A handle is 0, was freed, is of another kind or was never issued.
    HR_INVALID_HANDLE = 3,
    // Too many handles are in use.
    HR_HANDLES_EXHAUSTED = 4,
    // Text is not UTF-8.
    HR_INVALID_UTF8 = 5,
    // The `size` of a struct is not one that it ever had, or will have.
    HR_INVALID_STRUCT_SIZE = 6,
    // A value is out of its range.
    HR_INVALID_PARAMETER = 7,
    // The system refused to open or read a file.
    HR_FILE_UNREADABLE = 8,
    // A model's files are malformed or do not agree with each other.
    HR_MODEL_FILES = 9,
    // The model's family is not one that this version knows.
    HR_UNKNOWN_FAMILY = 10,
    // The tokenizer cannot be used, or not with these weights.
    HR_TOKENIZER = 11,
    // The chat template could not be applied.
    HR_CHAT_TEMPLATE = 12,
    // A conversation was asked of a model without a chat template.
    HR_NO_CHAT_TEMPLATE = 13,
    // There is nothing to continue.
    HR_PROMPT_EMPTY = 14,
    // The prompt leaves no room for an answer in the model's context.
    HR_PROMPT_TOO_LONG = 15,
    // The host stopped it.
    HR_CANCELLED = 16,
    // MLX could not carry out a computation.
    HR_COMPUTATION = 17,
    // Memory could not be had.
    HR_OUT_OF_MEMORY = 18,
    // The system does not tell its memory figures.
    HR_MEMORY_UNREADABLE = 19,
    // A fault ended the work that a call was waiting for.
    HR_INTERRUPTED = 20,
    // The model went while it was needed.
    HR_MODEL_UNLOADED = 21,
    // The generation has no further event, or has not ended yet where its end is needed.
    HR_WRONG_GENERATION_STATE = 22,
    // There is no room for the model, or for any.
    HR_DOES_NOT_FIT = 23,
    // A name stands for no model, here or on the hub.
    HR_UNKNOWN_MODEL = 24,
    // The model is not in the cache, and downloading is off.
    HR_NOT_CACHED = 25,
    // The hub cannot be reached or wants to be asked later. What has arrived is kept.
    HR_HUB_UNAVAILABLE = 26,
    // The hub does not let this user have the model: it is gated or private.
    HR_HUB_DENIED = 27,
    // What the hub answers breaks a rule; nothing of it entered the cache.
    HR_HUB_ANSWER = 28,
    // The disk has no room for the download.
    HR_DISK_FULL = 29,
    // Another program downloads the same file.
    HR_DOWNLOAD_BUSY = 30,
    // A paused generation could not be kept on disk or brought back.
    HR_SPILL_FAILED = 31,
    // A schema or pattern for the output cannot be used.
    HR_INVALID_CONSTRAINT = 32,
    // A constraint on the output could not be followed to its end.
    HR_CONSTRAINT_FAILED = 33,
    // A file is no prompt cache, a damaged one, or one of another model or version.
    HR_CACHE_FILE = 34,
    // A prompt cache could not be written.
    HR_CACHE_NOT_WRITTEN = 35,
    // A prompt cache or a draft model does not belong to the model.
    HR_ANOTHER_MODEL = 36,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hr_code hr_code;
#else
typedef int32_t hr_code;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How tight memory is, mildest first.
enum hr_pressure
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Less than half of the budget is used.
    HR_PRESSURE_LOW = 0,
    // From 50 % of the budget.
    HR_PRESSURE_MEDIUM = 1,
    // From 70 % of the budget.
    HR_PRESSURE_HIGH = 2,
    // More than 85 % of the budget.
    HR_PRESSURE_CRITICAL = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hr_pressure hr_pressure;
#else
typedef int32_t hr_pressure;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What happened. A host passes over kinds that it does not know: new ones may be added.
enum hr_event_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // A chunk of the prompt has been computed: `done_tokens` of `total_tokens`.
    HR_EVENT_PREFILL = 1,
    // More of the answer, in `text`; whole characters only.
    HR_EVENT_TEXT = 2,
    // The last event; `hr_generation_get_summary` now has the figures.
    HR_EVENT_END = 3,
    // Memory as it is now, as often as `monitor_interval` says.
    HR_EVENT_MEMORY = 4,
    // Something was done to save memory, or taken back: `action`, with a sentence in `text`.
    HR_EVENT_ACTION = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hr_event_kind hr_event_kind;
#else
typedef int32_t hr_event_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What was done to save memory, or taken back, between two steps.
enum hr_action
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Nothing: the event is of another kind.
    HR_ACTION_NONE = 0,
    // MLX keeps at most `action_value` bytes for reuse.
    HR_ACTION_SHRINK_CACHE = 1,
    // At most `action_value` prompt tokens are computed at once.
    HR_ACTION_REDUCE_PREFILL_STEP = 2,
    // Keys and values are kept in `action_value` bits.
    HR_ACTION_QUANTIZE_KV = 3,
    // Prompt caches that no generation uses are gone.
    HR_ACTION_DROP_IDLE_PROMPT_CACHES = 4,
    // The keys and values of at most `action_value` tokens are kept.
    HR_ACTION_BOUND_KV = 5,
    // Models that no generation uses are gone.
    HR_ACTION_UNLOAD_IDLE_MODELS = 6,
    // The generation ends with `HR_STOP_REASON_MEMORY`.
    HR_ACTION_STOP = 7,
    // MLX may keep up to `action_value` bytes for reuse again.
    HR_ACTION_RESTORE_CACHE = 8,
    // Up to `action_value` prompt tokens are computed at once again.
    HR_ACTION_RESTORE_PREFILL_STEP = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hr_action hr_action;
#else
typedef int32_t hr_action;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Why a generation ended.
enum hr_stop_reason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // The model ended its answer, or a stop text came.
    HR_STOP_REASON_STOP = 0,
    // `max_tokens` or the end of the context was reached.
    HR_STOP_REASON_LENGTH = 1,
    // The host cancelled.
    HR_STOP_REASON_CANCELLED = 2,
    // Memory ran short and nothing was left to give up; the answer so far is there.
    HR_STOP_REASON_MEMORY = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hr_stop_reason hr_stop_reason;
#else
typedef int32_t hr_stop_reason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Whether a model fits.
enum hr_fit_answer
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // As asked.
    HR_FIT_FITS = 0,
    // With another plan: a smaller step first, then fewer bits for keys and values, then a shorter
    // context.
    HR_FIT_FITS_IF = 1,
    // With none.
    HR_FIT_DOES_NOT_FIT = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hr_fit_answer hr_fit_answer;
#else
typedef int32_t hr_fit_answer;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What is being done to get a model.
enum hr_model_stage
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Its files come from the hub.
    HR_MODEL_STAGE_DOWNLOAD = 0,
    // Its weights are read into memory.
    HR_MODEL_STAGE_LOAD = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hr_model_stage hr_model_stage;
#else
typedef int32_t hr_model_stage;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Who says something in a conversation.
enum hr_role
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Instructions that hold for the whole conversation.
    HR_ROLE_SYSTEM = 0,
    // The person.
    HR_ROLE_USER = 1,
    // The model.
    HR_ROLE_ASSISTANT = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hr_role hr_role;
#else
typedef int32_t hr_role;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How much speed and precision may be given up to save memory.
enum hr_strategy
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Keeps the precision as long as it can: mainly smaller prefill steps.
    HR_STRATEGY_CONSERVATIVE = 0,
    // Keys and values in half the bits, a bounded context when memory is tight.
    HR_STRATEGY_BALANCED = 1,
    // Keys and values in 4 bits, and a bounded context.
    HR_STRATEGY_AGGRESSIVE = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hr_strategy hr_strategy;
#else
typedef int32_t hr_strategy;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Where the KV cache of a paused generation stays.
enum hr_spill
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // In memory.
    HR_SPILL_KEEP = 0,
    // In a temporary file; in memory where it cannot be written.
    HR_SPILL_TO_DISK = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hr_spill hr_spill;
#else
typedef int32_t hr_spill;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Which tokens a cache keeps.
enum hr_cache_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // All of them.
    HR_CACHE_KIND_SIMPLE = 0,
    // The first few and the last ones, `tokens_kept` together.
    HR_CACHE_KIND_ROTATING = 1,
    // Those of the current chunk of `tokens_kept`, for models whose attention ends at a chunk's
    // border.
    HR_CACHE_KIND_CHUNKED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hr_cache_kind hr_cache_kind;
#else
typedef int32_t hr_cache_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Why a call failed; NULL means that it did not. The pointer is a handle in disguise: there is
// nothing to read behind it, and one that was freed is recognised.
typedef struct hr_error hr_error;

// Handle of a text that the library owns. 0 stands for no text.
typedef uint64_t hr_string;

// Memory as this process sees it. Bytes that the system does not tell are `HR_UNKNOWN`.
typedef struct hr_memory_state {
    // `sizeof(hr_memory_state)`, set by the host.
    size_t size;
    // Bytes that this process may use.
    uint64_t budget_bytes;
    // Footprint of this process.
    uint64_t used_bytes;
    // Bytes that it could take now without hurting itself or others.
    uint64_t available_bytes;
    // Used bytes as a share of the budget; NaN where one of them is unknown.
    double memory_usage_ratio;
    // How tight memory is.
    hr_pressure pressure;
    // Always 0.
    uint32_t reserved;
    // Bytes in MLX's live arrays.
    uint64_t mlx_active_bytes;
    // Bytes that MLX keeps for reuse; `hr_memory_clear_cache` gives them back.
    uint64_t mlx_cache_bytes;
    // The most that was ever active.
    uint64_t mlx_peak_bytes;
    // The most that MLX takes before it waits or fails.
    uint64_t mlx_memory_limit_bytes;
    // The most that MLX keeps for reuse.
    uint64_t mlx_cache_limit_bytes;
    // Installed memory.
    uint64_t physical_bytes;
    // Memory that is free, or that the system gives up without swapping.
    uint64_t free_or_reclaimable_bytes;
    // Size of the swap space; 0 where there is none.
    uint64_t swap_total_bytes;
    // Swap space in use.
    uint64_t swap_used_bytes;
} hr_memory_state;

// Hears how far loading has come. Return 0 to go on; anything else stops the loading.
//
// It runs on the thread that called `hr_model_load`, with no lock held, so it may call any
// function of this header. It must return: no `longjmp`, no C++ exception.
typedef int32_t (*hr_progress_callback)(void *user_data, uint64_t read_bytes, uint64_t total_bytes);

// Handle of a loaded model.
typedef uint64_t hr_model;

// What is known of a loaded model.
typedef struct hr_model_info {
    // `sizeof(hr_model_info)`, set by the host.
    size_t size;
    // Decoder blocks.
    uint64_t layers;
    // Token ids that the model has.
    uint64_t vocabulary_size;
    // The longest sequence it was made for; `HR_UNKNOWN` where its configuration does not say.
    uint64_t context_length;
    // 1 if conversations can be put to it, else 0.
    uint64_t has_chat_template;
} hr_model_info;

// What is added to the logit of one token. It never changes its size, for hosts hold arrays of it.
typedef struct hr_token_bias {
    // The token's id, below the model's `vocabulary_size`.
    uint32_t token;
    // From -100 to 100.
    float bias;
} hr_token_bias;

// What a host may choose for one generation. Set `size`, call `hr_generate_parameters_init`, then
// change what should differ.
typedef struct hr_generate_parameters {
    // `sizeof(hr_generate_parameters)`, set by the host.
    size_t size;
    // The most tokens to generate; at least 1.
    uint32_t max_tokens;
    // 0 takes the likeliest token; higher values draw more freely.
    float temperature;
    // Draw from the smallest set of tokens that together have this probability; 1 means all.
    float top_p;
    // Draw from this many of the likeliest tokens; 0 means all.
    uint32_t top_k;
    // Draw from tokens at least this share as likely as the likeliest; 0 means all.
    float min_p;
    // Above 1, tokens among the last `repetition_context` become less likely.
    float repetition_penalty;
    // How many of the last tokens the repetition penalty looks at; at least 1.
    uint32_t repetition_context;
    // Prompt tokens computed at once: fewer take less memory. At least 1.
    uint32_t prefill_step;
    // Same seed, same prompt, same tokens. Used when `has_seed` is 1.
    uint64_t seed;
    // 1 to use `seed`, 0 to take a new one each time.
    uint64_t has_seed;
    // Texts that end the generation and are no part of the answer, `stop_count` pointers; NULL
    // for none.
    const char *const *stop;
    // The length of each of them in bytes.
    const size_t *stop_lengths;
    // How many there are.
    size_t stop_count;
    // The most tokens whose keys and values are kept, the first few among them; at least 8, and 0
    // keeps all.
    uint32_t max_kv_size;
    // Bits of keys and values: 2, 3, 4, 6, 8 or 16; 0 keeps them as they were computed.
    uint32_t kv_bits;
    // Consecutive values that share a scale and a bias: 32, 64 or 128. Used when `kv_bits` is not
    // 0.
    uint32_t kv_group_size;
    // From how many tokens on keys and values are quantised.
    uint32_t quantized_kv_start;
    // Gives an `HR_EVENT_MEMORY` every so many tokens; 0 never does.
    uint32_t monitor_interval;
    // 1 to act when memory gets tight, before the system does; 0 to leave it to the system, which
    // may end the process.
    uint32_t is_governed;
    // Taken once from the logits of tokens among the last `presence_context`; from -100 to 100.
    float presence_penalty;
    // How many of the last tokens the presence penalty looks at; at least 1.
    uint32_t presence_context;
    // Taken from a token's logit for every time that it is among the last `frequency_context`; from
    // -100 to 100.
    float frequency_penalty;
    // How many of the last tokens the frequency penalty looks at; at least 1.
    uint32_t frequency_context;
    // What is added to the logits of single tokens, `logit_bias_count` of them; NULL for none. Of
    // several for one token the last counts.
    const struct hr_token_bias *logit_bias;
    // How many there are.
    size_t logit_bias_count;
    // How many of the likeliest tokens `hr_generation_get_logprobs` tells for each generated one; at
    // most 20. Used when `has_logprobs` is 1.
    uint32_t top_logprobs;
    // 1 to keep log-probabilities, 0 not to.
    uint32_t has_logprobs;
    // The answer may end no earlier than after this many tokens; at most `max_tokens`.
    uint32_t min_tokens;
    // What `constraint` is: `HR_CONSTRAINT_NONE`, `HR_CONSTRAINT_JSON_SCHEMA` or
    // `HR_CONSTRAINT_REGEX`.
    uint32_t constraint_kind;
    // What the answer must look like, in UTF-8. An answer that is cut short is the beginning of such
    // a text.
    const char *constraint;
    // Its length in bytes.
    size_t constraint_length;
} hr_generate_parameters;

// Handle of a generation under way, or of one that has ended and can still tell its figures.
typedef uint64_t hr_generation;

// One thing that happened.
typedef struct hr_event {
    // `sizeof(hr_event)`, set by the host.
    size_t size;
    // What happened.
    hr_event_kind kind;
    // Always 0.
    uint32_t reserved;
    // With `HR_EVENT_TEXT`: the text. With `HR_EVENT_ACTION`: what was done and why. Else 0.
    hr_string text;
    // With `HR_EVENT_PREFILL`: prompt tokens computed so far. Else 0.
    uint64_t done_tokens;
    // With `HR_EVENT_PREFILL`: prompt tokens there are. Else 0.
    uint64_t total_tokens;
    // With `HR_EVENT_ACTION`: what was done. Else `HR_ACTION_NONE`.
    hr_action action;
    // With `HR_EVENT_MEMORY` and `HR_EVENT_ACTION`: how tight memory is.
    hr_pressure pressure;
    // With `HR_EVENT_ACTION`: bytes, tokens or bits, as `hr_action` says. Else 0.
    uint64_t action_value;
    // With `HR_EVENT_ACTION`: bytes that it freed, by the system's measure. Else, and where that is
    // not known, `HR_UNKNOWN`.
    uint64_t freed_bytes;
    // With `HR_EVENT_MEMORY`: bytes that this process may use. Else, and where the system does not
    // tell, `HR_UNKNOWN`, here and below.
    uint64_t budget_bytes;
    // With `HR_EVENT_MEMORY`: footprint of this process.
    uint64_t used_bytes;
    // With `HR_EVENT_MEMORY`: bytes that it could take now without hurting itself or others.
    uint64_t available_bytes;
    // With `HR_EVENT_MEMORY`: bytes in MLX's live arrays.
    uint64_t mlx_active_bytes;
    // With `HR_EVENT_MEMORY`: bytes that MLX keeps for reuse.
    uint64_t mlx_cache_bytes;
} hr_event;

// Hears the events of a generation. Return 0 to go on; anything else cancels the generation, and
// the events still to come, the end among them, are heard all the same.
//
// It runs on the thread that asked for it, with no lock held, so it may call any function of this
// header. The event and its text belong to the library and are gone when it returns. It must
// return: no `longjmp`, no C++ exception.
typedef int32_t (*hr_event_callback)(void *user_data, const struct hr_event *event);

// The figures of a generation that has ended, all measured but the predicted one.
typedef struct hr_generation_summary {
    // `sizeof(hr_generation_summary)`, set by the host.
    size_t size;
    // Why it ended.
    hr_stop_reason stop_reason;
    // Always 0.
    uint32_t reserved;
    // Tokens of the prompt.
    uint64_t prompt_tokens;
    // How many of them were taken from a cache instead of being computed.
    uint64_t cached_prompt_tokens;
    // How many tokens were generated.
    uint64_t generated_tokens;
    // How long loading the model took.
    double load_seconds;
    // From the request to the first token; NaN when none came.
    double time_to_first_token_seconds;
    // Prefill speed; NaN when it did not finish.
    double prompt_tokens_per_second;
    // Decode speed, from the first token to the last; NaN for fewer than two tokens.
    double generation_tokens_per_second;
    // The most that MLX's arrays took at once in this process.
    uint64_t peak_mlx_bytes;
    // The most that this process took at once; `HR_UNKNOWN` where the system does not tell.
    uint64_t peak_footprint_bytes;
    // What the KV cache took at the end.
    uint64_t kv_cache_bytes;
    // The peak of MLX's arrays that was predicted for this generation alone.
    uint64_t predicted_peak_mlx_bytes;
    // How many `HR_EVENT_ACTION` there were.
    uint64_t action_count;
} hr_generation_summary;

// A token and the natural logarithm of its probability. It never changes its size, for hosts hold
// arrays of it.
typedef struct hr_token_logprob {
    // The token's id.
    uint32_t token;
    // Its log-probability under the model alone, before biases, penalties, constraint and
    // temperature.
    float logprob;
} hr_token_logprob;

// What MLX was told to keep to.
typedef struct hr_allocator_limits {
    // `sizeof(hr_allocator_limits)`, set by the host.
    size_t size;
    // The most that it takes before it frees its cache and waits.
    uint64_t memory_bytes;
    // The most that it keeps for reuse.
    uint64_t cache_bytes;
    // The most that is wired for the GPU; `HR_UNKNOWN` where no working set is recommended, and
    // the limit is left alone.
    uint64_t wired_bytes;
} hr_allocator_limits;

// A model that can be asked for by name. Its texts are UTF-8, end with a zero byte, belong to the
// library and stay as long as the process.
typedef struct hr_registry_model {
    // `sizeof(hr_registry_model)`, set by the host.
    size_t size;
    // `owner/name` on the hub.
    const char *id;
    // What people call it, such as `Qwen3-1.7B`.
    const char *name;
    // `model_type` of its configuration.
    const char *family;
    // Values in its weights, each counted once.
    uint64_t parameters;
    // Bytes of all weights.
    uint64_t weights_bytes;
    // Bytes that a token adds to the KV cache in 16 bits.
    uint64_t kv_bytes_per_token;
    // The longest sequence it was made for; `HR_UNKNOWN` where its configuration does not say.
    uint64_t context_length;
    // Decoder blocks.
    uint64_t layers;
    // Bits of its weights; 16 for one that is not quantised.
    uint64_t weight_bits;
} hr_registry_model;

// The settings of a generation that decide how much memory it takes. Set `size`, call
// `hr_generation_plan_init`, then change what should differ.
typedef struct hr_generation_plan {
    // `sizeof(hr_generation_plan)`, set by the host.
    size_t size;
    // Prompt and answer together, in tokens; at least 1.
    uint32_t context_tokens;
    // Tokens of the prompt.
    uint32_t prompt_tokens;
    // Prompt tokens computed at once; at least 1.
    uint32_t prefill_step;
    // The most tokens whose keys and values are kept; 0 keeps all.
    uint32_t max_kv_size;
    // Bits of keys and values; 0 keeps them as they are computed.
    uint32_t kv_bits;
    // Consecutive values that share a scale and a bias. Used when `kv_bits` is not 0.
    uint32_t kv_group_size;
    // From how many tokens on keys and values are quantised.
    uint32_t quantized_kv_start;
    // Always 0.
    uint32_t reserved;
} hr_generation_plan;

// What a model takes, held against what there is.
typedef struct hr_fit_report {
    // `sizeof(hr_fit_report)`, set by the host.
    size_t size;
    // The answer.
    hr_fit_answer answer;
    // Always 0.
    uint32_t reserved;
    // What it takes at its peak; where it does not fit, with the smallest plan.
    uint64_t needed_bytes;
    // What may be taken, a reserve left out; `HR_UNKNOWN` where the system does not tell, and the
    // answer is not bounded by it.
    uint64_t available_bytes;
    // Of the peak: the weights. `HR_UNKNOWN` where it does not fit, here and below.
    uint64_t weights_bytes;
    // Of the peak: keys and values.
    uint64_t kv_cache_bytes;
    // Of the peak: what the largest step computes with.
    uint64_t workspace_bytes;
    // Of the peak: the logits of the last token.
    uint64_t logits_bytes;
    // Where it does not fit: the name of the best model of the registry that does. Else, and where
    // none does, 0. The host frees the string.
    hr_string alternative;
} hr_fit_report;

// What a host says about the hub and the cache. What it leaves out is as the environment variables
// of Hugging Face's own tools say: `HF_HUB_CACHE`, `HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN`,
// `HF_HUB_OFFLINE`.
typedef struct hr_hub_settings {
    // `sizeof(hr_hub_settings)`, set by the host.
    size_t size;
    // The directory where models are kept, in UTF-8; NULL for the usual one.
    const char *cache_directory;
    // Its length in bytes.
    size_t cache_directory_length;
    // Lets gated models be read; NULL for that of the environment.
    const char *token;
    // Its length in bytes.
    size_t token_length;
    // 1 to ask nothing of the network, 0 to do as the environment says.
    uint64_t is_offline;
} hr_hub_settings;

// How far a stage has come.
typedef struct hr_model_progress {
    // `sizeof(hr_model_progress)` of the library; a host reads no field past it.
    size_t size;
    // What is being done.
    hr_model_stage stage;
    // Always 0.
    uint32_t reserved;
    // Bytes of this stage that are done.
    uint64_t done_bytes;
    // Bytes of this stage; 0 while the hub is asked what there is.
    uint64_t total_bytes;
} hr_model_progress;

// Hears how far a download or a loading has come. Return 0 to go on; anything else stops it, and
// what has been downloaded is kept for the next time.
//
// It runs on the thread that made the call, with no lock held, so it may call any function of this
// header. The progress is gone when it returns. It must return: no `longjmp`, no C++ exception.
typedef int32_t (*hr_model_progress_callback)(void *user_data,
                                              const struct hr_model_progress *progress);

// One turn of a conversation.
typedef struct hr_message {
    // `sizeof(hr_message)`, set by the host; in an array the same for all.
    size_t size;
    // Who says it: one of `hr_role`.
    uint64_t role;
    // What is said, in UTF-8.
    const char *content;
    // Its length in bytes.
    size_t content_length;
} hr_message;

// Handle of a conversation with a model.
typedef uint64_t hr_session;

// What a cache is asked to be.
typedef struct hr_cache_settings {
    // `sizeof(hr_cache_settings)`, set by the host.
    size_t size;
    // One of `hr_cache_kind`.
    int32_t kind;
    // What rotating (at least 8) and chunked (at least 1) caches keep; not looked at for others.
    uint32_t tokens_kept;
    // Bits of keys and values: 2, 3, 4, 6, 8 or 16; 0 keeps them as they were computed.
    uint32_t kv_bits;
    // Consecutive values that share a scale and a bias: 32, 64 or 128. Used when `kv_bits` is not 0.
    uint32_t kv_group_size;
    // From how many tokens on keys and values are quantised.
    uint32_t quantized_start;
    // 1 to choose again, in fewer bits or bounded, whenever the cache grows; else 0.
    uint32_t adapts;
} hr_cache_settings;

// Handle of what a model has seen of a prompt: a prompt that begins with the same tokens starts from
// there, and only the rest is computed. When memory gets tight it may be emptied, and the next
// generation computes all of its prompt.
typedef uint64_t hr_cache;

// What a cache is now.
typedef struct hr_cache_state {
    // `sizeof(hr_cache_state)`, set by the host.
    size_t size;
    // Tokens that it has seen; 0 while a generation works with it, and after it had to go.
    uint64_t tokens;
    // What it takes, spare positions included.
    uint64_t bytes;
    // One of `hr_cache_kind`.
    int32_t kind;
    // What rotating and chunked caches keep; 0 for others.
    uint32_t tokens_kept;
    // Bits of keys and values; 0 as they were computed.
    uint32_t kv_bits;
    // Consecutive values that share a scale and a bias.
    uint32_t kv_group_size;
} hr_cache_state;

// What a look at a cache brought.
typedef struct hr_cache_report {
    // `sizeof(hr_cache_report)`, set by the host.
    size_t size;
    // What the cache took before.
    uint64_t bytes_before;
    // What it takes now.
    uint64_t bytes_after;
    // How often it was quantised or bounded.
    uint64_t actions;
    // How tight memory is: one of `hr_pressure`.
    uint64_t pressure;
} hr_cache_report;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The `HR_ABI_VERSION` that this library was built with. A host checks once that both agree.
uint32_t hr_abi_version(void);

// The number of an error; `HR_OK` for NULL, `HR_INVALID_HANDLE` for one that was freed.
hr_code hr_error_code(const struct hr_error *error);

// What happened, where, and what to do, as one sentence in UTF-8 that ends with a zero byte.
// Never NULL. Valid until the error is freed.
const char *hr_error_message(const struct hr_error *error);

// Frees an error. NULL, and one that was freed before, are left alone.
void hr_error_free(struct hr_error *error);

// Gives the text behind a handle: UTF-8, `*length` bytes, and a zero byte behind them that does
// not count. `*text` stays valid until the string is freed.
//
// # Safety
// `text` and `length` are NULL, which is an error, or can be written to.
struct hr_error *hr_string_get(hr_string string, const char **text, size_t *length);

// Frees a string. What `hr_string_get` gave for it is gone with it.
struct hr_error *hr_string_free(hr_string string);

// Reads what memory this process may use, uses and could still take.
//
// # Safety
// `state` is NULL, which is an error, or has as many bytes as its `size` says.
struct hr_error *hr_memory_get_state(struct hr_memory_state *state);

// Gives the buffers that MLX keeps for later back to the system. What models and generations use
// stays.
struct hr_error *hr_memory_clear_cache(void);

// Loads the model in a directory (Hugging Face layout) and gives its handle. Returns when it is
// loaded; stopped by the callback, it fails with `HR_CANCELLED`.
//
// `on_progress` may be NULL. `user_data` is passed on to it and never looked at.
//
// # Safety
// `path` is NULL or has `path_length` readable bytes of UTF-8. `model` is NULL, which is an
// error, or can be written to. `on_progress` is NULL or a function that may be called with
// `user_data` until this call returns.
struct hr_error *hr_model_load(const char *path,
                               size_t path_length,
                               hr_progress_callback on_progress,
                               void *user_data,
                               hr_model *model);

// Tells what is known of a loaded model.
//
// # Safety
// `info` is NULL, which is an error, or has as many bytes as its `size` says.
struct hr_error *hr_model_get_info(hr_model model, struct hr_model_info *info);

// Frees a model. Sessions and generations that use it go on; the weights leave memory when the
// last of them is gone.
struct hr_error *hr_model_free(hr_model model);

// Fills in the defaults. `size` must be set before.
//
// # Safety
// `parameters` is NULL, which is an error, or has as many bytes as its `size` says.
struct hr_error *hr_generate_parameters_init(struct hr_generate_parameters *parameters);

// Starts to continue a plain text and returns at once. `parameters` may be NULL for the defaults.
//
// # Safety
// `prompt` is NULL or has `prompt_length` readable bytes of UTF-8. `parameters` is NULL or has as
// many bytes as its `size` says. `generation` is NULL, which is an error, or can be written to.
struct hr_error *hr_generate(hr_model model,
                             const char *prompt,
                             size_t prompt_length,
                             const struct hr_generate_parameters *parameters,
                             hr_generation *generation);

// Waits for the next event of a generation. The host frees the event's text.
//
// Every generation ends with one `HR_EVENT_END` or one error; a call after that fails with
// `HR_WRONG_GENERATION_STATE`. Threads that pull from the same generation each get some of its
// events.
//
// # Safety
// `event` is NULL, which is an error, or has as many bytes as its `size` says.
struct hr_error *hr_generation_next(hr_generation generation, struct hr_event *event);

// Calls `on_event` with every event of a generation, on this thread, until it has ended.
//
// # Safety
// `on_event` is NULL, which is an error, or a function that may be called with `user_data` until
// this call returns.
struct hr_error *hr_generation_run(hr_generation generation,
                                   hr_event_callback on_event,
                                   void *user_data);

// Continues a plain text and calls `on_event` with every event, on this thread. Returns when the
// generation has ended, also when the callback cancelled it. `parameters` and `summary` may be
// NULL.
//
// # Safety
// `prompt` is NULL or has `prompt_length` readable bytes of UTF-8. `parameters` and `summary` are
// NULL or have as many bytes as their `size` says. `on_event` is NULL, which is an error, or a
// function that may be called with `user_data` until this call returns.
struct hr_error *hr_generate_with_callback(hr_model model,
                                           const char *prompt,
                                           size_t prompt_length,
                                           const struct hr_generate_parameters *parameters,
                                           hr_event_callback on_event,
                                           void *user_data,
                                           struct hr_generation_summary *summary);

// Ends a generation before its next step; `HR_EVENT_END` then says that it was cancelled. Returns
// at once, may be called from any thread and any callback, and does nothing to a generation that
// has ended.
struct hr_error *hr_generation_cancel(hr_generation generation);

// Frees a generation, cancelling it if it is under way. A thread that waits for one of its events
// gets the end.
struct hr_error *hr_generation_free(hr_generation generation);

// Tells the figures of a generation whose `HR_EVENT_END` was pulled or heard.
//
// # Safety
// `summary` is NULL, which is an error, or has as many bytes as its `size` says.
struct hr_error *hr_generation_get_summary(hr_generation generation,
                                           struct hr_generation_summary *summary);

// Gives the whole answer of a generation whose `HR_EVENT_END` was pulled or heard. The host frees
// the string.
//
// # Safety
// `answer` is NULL, which is an error, or can be written to.
struct hr_error *hr_generation_get_answer(hr_generation generation, hr_string *answer);

// Copies the ids of the generated tokens, the one that ended the answer included, for a generation
// whose `HR_EVENT_END` was pulled or heard. At most `capacity` are copied; `*count` says how many
// there are. `tokens` may be NULL when `capacity` is 0.
//
// # Safety
// `tokens` is NULL or has room for `capacity` ids. `count` is NULL, which is an error, or can be
// written to.
struct hr_error *hr_generation_get_tokens(hr_generation generation,
                                          uint32_t *tokens,
                                          size_t capacity,
                                          size_t *count);

// Tells how likely the generated token number `index` was, for a generation that kept
// log-probabilities and whose `HR_EVENT_END` was pulled or heard. `chosen` is that token; the
// likeliest in its place are copied to `top`, likeliest first, at most `capacity` of them; `*count`
// says how many there are. `top` may be NULL when `capacity` is 0.
//
// # Safety
// `chosen` and `count` are NULL, which is an error, or can be written to. `top` is NULL or has room
// for `capacity` entries.
struct hr_error *hr_generation_get_logprobs(hr_generation generation,
                                            size_t index,
                                            struct hr_token_logprob *chosen,
                                            struct hr_token_logprob *top,
                                            size_t capacity,
                                            size_t *count);

// Pauses a generation, and returns once it computes nothing any more, after `patience_seconds` at
// the latest. `*is_at_rest` becomes 1 if it rests, and 0 if the step at hand takes longer: it rests
// after that step then. `spill` is one of `hr_spill`.
//
// A paused generation gives no events; a thread that waits for one goes on waiting until
// `hr_generation_resume`, `hr_generation_cancel` or `hr_generation_free`. One that has ended rests.
//
// # Safety
// `is_at_rest` is NULL, which is an error, or can be written to.
struct hr_error *hr_generation_pause(hr_generation generation,
                                     int32_t spill,
                                     double patience_seconds,
                                     uint32_t *is_at_rest);

// Lets a paused generation go on, as if it had never paused. Does nothing to one that is not.
struct hr_error *hr_generation_resume(hr_generation generation);

// Sets MLX's limits from the budget as it is now, and keeps to the strategy (one of
// `hr_strategy`) from now on. Called again, it computes from the budget and never from the limits
// set before. `limits` may be NULL.
//
// # Safety
// `limits` is NULL or has as many bytes as its `size` says.
struct hr_error *hr_memory_set_adaptive_limits(int32_t strategy,
                                               struct hr_allocator_limits *limits);

// Bounds what this process may use: it holds for predictions, limits and the governor alike. 0,
// less than is used already, and more than the machine allows fail with `HR_INVALID_PARAMETER`.
struct hr_error *hr_memory_set_max(uint64_t max_bytes);

// Lifts the bound of `hr_memory_set_max`; without one it does nothing.
struct hr_error *hr_memory_lift_max(void);

// Tells of a memory warning that the host heard from its system: one of `hr_pressure`. It raises
// the pressure that everybody sees, and so makes the governor act, until it is taken back.
struct hr_error *hr_memory_set_signal(int32_t pressure);

// Takes the word of `hr_memory_set_signal` back.
struct hr_error *hr_memory_clear_signal(void);

// Fills in what a generation that starts now should be set to, by the pressure there is and a
// strategy (one of `hr_strategy`); the rest are the defaults. `size` must be set before.
//
// # Safety
// `parameters` is NULL, which is an error, or has as many bytes as its `size` says.
struct hr_error *hr_generate_parameters_init_optimal(int32_t strategy,
                                                     struct hr_generate_parameters *parameters);

// Tells how many models are known by name.
//
// # Safety
// `count` is NULL, which is an error, or can be written to.
struct hr_error *hr_registry_count_models(size_t *count);

// Gives one of the models known by name, the smallest at index 0.
//
// # Safety
// `model` is NULL, which is an error, or has as many bytes as its `size` says.
struct hr_error *hr_registry_get_model(size_t index, struct hr_registry_model *model);

// Chooses the best model of the registry that fits into `available_bytes` with its KV cache for
// `context_tokens`, prompt and answer together, and that this version runs.
//
// `*id` becomes what `hr_model_load_by_name` takes, or 0 when no model fits; `*explanation` says
// why. The host frees both strings.
//
// # Safety
// `id` and `explanation` are NULL, which is an error, or can be written to.
struct hr_error *hr_registry_select_model(uint64_t available_bytes,
                                          uint32_t context_tokens,
                                          hr_string *id,
                                          hr_string *explanation);

// Fills in a context of `context_tokens` that may be all prompt, with nothing given up to save
// memory. `size` must be set before.
//
// # Safety
// `plan` is NULL, which is an error, or has as many bytes as its `size` says.
struct hr_error *hr_generation_plan_init(uint32_t context_tokens, struct hr_generation_plan *plan);

// Predicts what a generation with the model in a directory takes, from its headers and
// configuration alone, and holds it against what this process may still take. One that does not
// fit is an answer and no error.
//
// `fitting` may be NULL; where the model fits, it becomes the plan with which it does.
//
// # Safety
// `path` is NULL or has `path_length` readable bytes of UTF-8. `plan` and `found` are NULL, which
// is an error, or have as many bytes as their `size` says, and so has `fitting`, which may be NULL.
struct hr_error *hr_model_check_fit(const char *path,
                                    size_t path_length,
                                    const struct hr_generation_plan *plan,
                                    struct hr_fit_report *found,
                                    struct hr_generation_plan *fitting);

// Gives the directory of a model by name: a directory is itself; a name of the registry, or
// `owner/name` on the hub, is looked up in the cache and, if it is not complete there, downloaded,
// each file verified by its checksum. Returns when it is all there. The host frees the string.
//
// `settings` and `on_progress` may be NULL; `user_data` is passed on and never looked at. Stopped
// by the callback, it fails with `HR_CANCELLED`; called again, it goes on from there.
//
// # Safety
// `name` is NULL or has `name_length` readable bytes of UTF-8. `settings` is NULL or has as many
// bytes as its `size` says, and its texts as many as their lengths say. `on_progress` is NULL or a
// function that may be called with `user_data` until this call returns. `directory` is NULL, which
// is an error, or can be written to.
struct hr_error *hr_model_download(const char *name,
                                   size_t name_length,
                                   const struct hr_hub_settings *settings,
                                   hr_model_progress_callback on_progress,
                                   void *user_data,
                                   hr_string *directory);

// Finds a model by name as `hr_model_download` does, downloading it if need be, and loads it.
//
// # Safety
// That of `hr_model_download`, with `model` in place of `directory`.
struct hr_error *hr_model_load_by_name(const char *name,
                                       size_t name_length,
                                       const struct hr_hub_settings *settings,
                                       hr_model_progress_callback on_progress,
                                       void *user_data,
                                       hr_model *model);

// Starts the model's next turn in a conversation, put into the model's own form by its chat
// template, and returns at once. `parameters` may be NULL for the defaults.
//
// # Safety
// `messages` is NULL or an array of `message_count` elements whose `content` has `content_length`
// readable bytes of UTF-8. `parameters` is NULL or has as many bytes as its `size` says.
// `generation` is NULL, which is an error, or can be written to.
struct hr_error *hr_generate_chat(hr_model model,
                                  const struct hr_message *messages,
                                  size_t message_count,
                                  const struct hr_generate_parameters *parameters,
                                  hr_generation *generation);

// Begins a conversation. Empty `instructions` mean none; `parameters` may be NULL for the
// defaults and hold for all answers. The session keeps the model loaded.
//
// # Safety
// `instructions` is NULL or has `instructions_length` readable bytes of UTF-8. `parameters` is
// NULL or has as many bytes as its `size` says. `session` is NULL, which is an error, or can be
// written to.
struct hr_error *hr_session_create(hr_model model,
                                   const char *instructions,
                                   size_t instructions_length,
                                   const struct hr_generate_parameters *parameters,
                                   hr_session *session);

// Starts the answer to a text and returns at once. Text and answer become part of the conversation
// when the host has pulled or heard the `HR_EVENT_END` of the generation; a generation that is
// freed before leaves no trace.
//
// # Safety
// `text` is NULL or has `text_length` readable bytes of UTF-8. `generation` is NULL, which is an
// error, or can be written to.
struct hr_error *hr_session_respond(hr_session session,
                                    const char *text,
                                    size_t text_length,
                                    hr_generation *generation);

// Tells how many messages the conversation has, its instructions included.
//
// # Safety
// `count` is NULL, which is an error, or can be written to.
struct hr_error *hr_session_count_messages(hr_session session, size_t *count);

// Gives one message of the conversation, the oldest at index 0. The host frees the string.
//
// # Safety
// `role` and `content` are NULL, which is an error, or can be written to.
struct hr_error *hr_session_get_message(hr_session session,
                                        size_t index,
                                        hr_role *role,
                                        hr_string *content);

// Forgets everything but the instructions.
struct hr_error *hr_session_reset(hr_session session);

// Frees a session. An answer that is under way goes on.
struct hr_error *hr_session_free(hr_session session);

// Makes an empty cache for a model. `settings` may be NULL for one that keeps everything.
//
// # Safety
// `settings` is NULL or has as many bytes as its `size` says. `cache` is NULL, which is an error, or
// can be written to.
struct hr_error *hr_cache_create(hr_model model,
                                 const struct hr_cache_settings *settings,
                                 hr_cache *cache);

// Makes a cache as `parameters` ask for it; where they leave that open, as the balanced strategy keeps
// keys and values under the pressure there is now. `parameters` may be NULL.
//
// # Safety
// `parameters` is NULL or has as many bytes as its `size` says. `cache` is NULL, which is an error, or
// can be written to.
struct hr_error *hr_cache_create_optimized(hr_model model,
                                           const struct hr_generate_parameters *parameters,
                                           hr_cache *cache);

// Makes a cache that keeps keys and values as exactly as there is room for, in fewer bits and at last
// bounded as it grows. `parameters` may be NULL; their `max_tokens` tells how far it is planned ahead.
//
// # Safety
// As for `hr_cache_create_optimized`.
struct hr_error *hr_cache_create_adaptive(hr_model model,
                                          const struct hr_generate_parameters *parameters,
                                          hr_cache *cache);

// Tells what a cache is now.
//
// # Safety
// `state` is NULL, which is an error, or has as many bytes as its `size` says.
struct hr_error *hr_cache_get_state(hr_cache cache, struct hr_cache_state *state);

// Forgets the last `tokens` tokens, or all where the cache cannot forget some, and tells how many are
// left.
//
// # Safety
// `left` is NULL, which is an error, or can be written to.
struct hr_error *hr_cache_trim(hr_cache cache,
                               uint32_t tokens,
                               uint32_t *left);

// Makes a cache of its own that has seen the same.
//
// # Safety
// `copy` is NULL, which is an error, or can be written to.
struct hr_error *hr_cache_copy(hr_cache cache, hr_cache *copy);

// Frees a cache. Sessions and generations that use it go on; what it has seen serves other prompts
// that begin alike, as long as there is room.
struct hr_error *hr_cache_free(hr_cache cache);

// Sets what caches that no generation works with may take together, the least recently used going
// first. `HR_UNKNOWN` means a quarter of what is available.
struct hr_error *hr_cache_set_limit(uint64_t limit_bytes);

// Empties every cache that no generation works with; who needs one computes it again.
struct hr_error *hr_cache_drop_idle(void);

// Looks at memory and, where it is tight, quantises or bounds a cache. One that a generation works
// with is left to that generation's governor.
//
// # Safety
// `outcome` is NULL, which is an error, or has as many bytes as its `size` says.
struct hr_error *hr_cache_monitor_and_optimize(hr_cache cache, struct hr_cache_report *outcome);

// Writes a cache to a file, whole or not at all.
//
// # Safety
// `path` is NULL or has `path_length` readable bytes of UTF-8.
struct hr_error *hr_cache_save(hr_cache cache, const char *path, size_t path_length);

// Reads a cache that was saved with the same model. A damaged file, one of another version or one of
// another model fails with `HR_CACHE_FILE`.
//
// # Safety
// `path` is NULL or has `path_length` readable bytes of UTF-8. `cache` is NULL, which is an error, or
// can be written to.
struct hr_error *hr_cache_load(hr_model model,
                               const char *path,
                               size_t path_length,
                               hr_cache *cache);

// Writes a conversation, with what the model has seen of it, to a file, whole or not at all.
//
// # Safety
// `path` is NULL or has `path_length` readable bytes of UTF-8.
struct hr_error *hr_session_save(hr_session session, const char *path, size_t path_length);

// Goes on with a saved conversation as if it had never ended. How keys and values are kept is as it
// was then; `parameters`, which may be NULL, say all else.
//
// # Safety
// `path` is NULL or has `path_length` readable bytes of UTF-8. `parameters` is NULL or has as many
// bytes as its `size` says. `session` is NULL, which is an error, or can be written to.
struct hr_error *hr_session_load(hr_model model,
                                 const char *path,
                                 size_t path_length,
                                 const struct hr_generate_parameters *parameters,
                                 hr_session *session);

// As `hr_generate`, from what `cache` has seen of the prompt, and with a small model that proposes
// `draft_tokens` (1 to 16) at a time. Each may be 0 for none. Neither changes what is generated; the
// cache's settings hold instead of the parameters'. A draft that reads text as other tokens fails with
// `HR_ANOTHER_MODEL`.
//
// # Safety
// As for `hr_generate`.
struct hr_error *hr_generate_with(hr_model model,
                                  hr_cache cache,
                                  hr_model draft,
                                  uint32_t draft_tokens,
                                  const char *prompt,
                                  size_t prompt_length,
                                  const struct hr_generate_parameters *parameters,
                                  hr_generation *generation);

// Begins a conversation that keeps what the model has seen in `cache`. Empty `instructions` mean none;
// `parameters` may be NULL for the defaults and hold for all answers.
//
// # Safety
// As for `hr_session_create`.
struct hr_error *hr_session_create_with_cache(hr_cache cache,
                                              const char *instructions,
                                              size_t instructions_length,
                                              const struct hr_generate_parameters *parameters,
                                              hr_session *session);

// Gives a handle of the cache that a conversation keeps. The host frees it.
//
// # Safety
// `cache` is NULL, which is an error, or can be written to.
struct hr_error *hr_session_get_cache(hr_session session, hr_cache *cache);

// Lets a small model propose `draft_tokens` (1 to 16) at a time for the answers to come; a `draft` of
// 0 lets none.
struct hr_error *hr_session_set_draft(hr_session session,
                                      hr_model draft,
                                      uint32_t draft_tokens);

// Forgets everything and begins again under other instructions; empty ones mean none.
//
// # Safety
// `instructions` is NULL or has `instructions_length` readable bytes of UTF-8.
struct hr_error *hr_session_set_instructions(hr_session session,
                                             const char *instructions,
                                             size_t instructions_length);

// For tests: panics inside the library. Always returns an error with `HR_INTERNAL`; a process
// that survives this call has seen the guard at work.
struct hr_error *hr_test_panic(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* HEADROOM_H */
