// Caches and conversations from C: kept between generations, saved and loaded, never confused with
// another model's, and still usable after every refusal.

#define _POSIX_C_SOURCE 200809L

#include "check.h"

#define PROMPT "Once upon a time there was a little fox who lived in a deep forest"

static hr_model model = 0;
static char directory[] = "/tmp/headroom-caches-XXXXXX";
static char path[256];

static const char *in_directory(const char *name) {
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static hr_cache_state state_of(hr_cache cache) {
    hr_cache_state state = {.size = sizeof state};
    SUCCEED(hr_cache_get_state(cache, &state));
    return state;
}

// The tokens of the prompt that came from the cache.
static uint64_t continue_with(hr_cache cache, hr_model draft, const char *prompt, char *text, size_t capacity) {
    hr_generate_parameters parameters = short_answer(12);
    hr_generation generation = 0;
    text[0] = '\0';
    SUCCEED(hr_generate_with(model, cache, draft, 3, prompt, strlen(prompt), &parameters, &generation));
    EXPECT(pull_to_end(generation, text, capacity) == HR_OK);
    hr_generation_summary summary = {.size = sizeof summary};
    SUCCEED(hr_generation_get_summary(generation, &summary));
    SUCCEED(hr_generation_free(generation));
    return summary.cached_prompt_tokens;
}

static void answer(hr_session session, const char *question, char *text, size_t capacity) {
    hr_generation generation = 0;
    text[0] = '\0';
    SUCCEED(hr_session_respond(session, question, strlen(question), &generation));
    EXPECT(pull_to_end(generation, text, capacity) == HR_OK);
    SUCCEED(hr_generation_free(generation));
}

static void the_model_loads(void) {
    EXPECT(mkdtemp(directory) != NULL);
    model = load_model();
    EXPECT(model != 0);
}

static void a_second_generation_starts_where_the_first_ended(void) {
    char alone[4096], first[4096], second[4096];
    continue_with(0, 0, PROMPT, alone, sizeof alone);
    for (int32_t kind = HR_CACHE_KIND_SIMPLE; kind <= HR_CACHE_KIND_ROTATING; kind += 1) {
        hr_cache_settings settings = {.size = sizeof settings, .kind = kind, .tokens_kept = 64};
        hr_cache cache = 0;
        SUCCEED(hr_cache_create(model, &settings, &cache));
        EXPECT(state_of(cache).tokens == 0);
        EXPECT(continue_with(cache, 0, PROMPT, first, sizeof first) == 0);
        EXPECT(strcmp(first, alone) == 0);
        hr_cache_state state = state_of(cache);
        EXPECT(state.tokens > 0 && state.bytes > 0 && state.kind == kind);
        char longer[8192];
        snprintf(longer, sizeof longer, "%s%s", PROMPT, first);
        EXPECT(continue_with(cache, 0, longer, second, sizeof second) > 10);
        SUCCEED(hr_cache_free(cache));
        REFUSE(HR_INVALID_HANDLE, hr_cache_free(cache));
    }
}

static void a_draft_changes_nothing(void) {
    char alone[4096], drafted[4096];
    continue_with(0, 0, PROMPT, alone, sizeof alone);
    continue_with(0, model, PROMPT, drafted, sizeof drafted);
    EXPECT(strcmp(alone, drafted) == 0);
}

static void caches_are_trimmed_copied_and_dropped(void) {
    char text[4096];
    hr_cache cache = 0, copy = 0;
    SUCCEED(hr_cache_create(model, NULL, &cache));
    continue_with(cache, 0, PROMPT, text, sizeof text);
    uint64_t tokens = state_of(cache).tokens;
    SUCCEED(hr_cache_copy(cache, &copy));
    uint32_t left = 0;
    SUCCEED(hr_cache_trim(cache, 3, &left));
    EXPECT(left == tokens - 3 && state_of(copy).tokens == tokens);
    hr_cache_report report = {.size = sizeof report};
    SUCCEED(hr_cache_monitor_and_optimize(copy, &report));
    EXPECT(report.bytes_after <= report.bytes_before);
    SUCCEED(hr_cache_set_limit(0));
    SUCCEED(hr_cache_set_limit(HR_UNKNOWN));
    SUCCEED(hr_cache_drop_idle());
    EXPECT(state_of(cache).tokens == 0 && state_of(copy).bytes == 0);
    SUCCEED(hr_cache_free(copy));
    SUCCEED(hr_cache_free(cache));
}

static void caches_choose_themselves(void) {
    hr_cache optimized = 0, adaptive = 0;
    SUCCEED(hr_cache_create_optimized(model, NULL, &optimized));
    SUCCEED(hr_cache_create_adaptive(model, NULL, &adaptive));
    char text[4096];
    continue_with(adaptive, 0, PROMPT, text, sizeof text);
    EXPECT(state_of(adaptive).tokens > 0);
    SUCCEED(hr_cache_free(optimized));
    SUCCEED(hr_cache_free(adaptive));
}

static void a_conversation_comes_back_from_its_file(void) {
    hr_generate_parameters parameters = short_answer(8);
    hr_session session = 0, loaded = 0;
    char text[4096], expected[4096];
    SUCCEED(hr_session_create(model, "Be kind.", 8, &parameters, &session));
    answer(session, "Tell me a story about a fox.", text, sizeof text);
    const char *file = in_directory("conversation.safetensors");
    SUCCEED(hr_session_save(session, file, strlen(file)));
    answer(session, "And then?", expected, sizeof expected);
    SUCCEED(hr_session_load(model, file, strlen(file), &parameters, &loaded));
    answer(loaded, "And then?", text, sizeof text);
    EXPECT(strcmp(text, expected) == 0);
    size_t count = 0;
    SUCCEED(hr_session_count_messages(loaded, &count));
    EXPECT(count == 5);
    hr_cache cache = 0;
    SUCCEED(hr_session_get_cache(loaded, &cache));
    EXPECT(state_of(cache).tokens > 0);
    SUCCEED(hr_session_set_draft(loaded, model, 2));
    answer(loaded, "Why?", text, sizeof text);
    SUCCEED(hr_session_set_draft(loaded, 0, 0));
    SUCCEED(hr_session_set_instructions(loaded, NULL, 0));
    SUCCEED(hr_session_count_messages(loaded, &count));
    EXPECT(count == 0);
    SUCCEED(hr_cache_free(cache));
    SUCCEED(hr_session_free(loaded));
    SUCCEED(hr_session_free(session));
}

static void a_cache_comes_back_from_its_file_and_serves_a_session(void) {
    hr_cache cache = 0, loaded = 0;
    char text[4096];
    SUCCEED(hr_cache_create(model, NULL, &cache));
    continue_with(cache, 0, PROMPT, text, sizeof text);
    const char *file = in_directory("cache.safetensors");
    SUCCEED(hr_cache_save(cache, file, strlen(file)));
    SUCCEED(hr_cache_load(model, file, strlen(file), &loaded));
    EXPECT(state_of(loaded).tokens == state_of(cache).tokens);
    EXPECT(continue_with(loaded, 0, PROMPT, text, sizeof text) > 10);
    hr_session session = 0;
    SUCCEED(hr_session_create_with_cache(loaded, NULL, 0, NULL, &session));
    SUCCEED(hr_session_free(session));
    SUCCEED(hr_cache_free(loaded));
    SUCCEED(hr_cache_free(cache));
}

static void what_is_no_cache_is_refused_and_nothing_is_lost(void) {
    hr_cache cache = 0;
    const char *file = in_directory("nothing.safetensors");
    REFUSE(HR_FILE_UNREADABLE, hr_cache_load(model, file, strlen(file), &cache));
    file = in_directory("torn.safetensors");
    FILE *torn = fopen(file, "wb");
    EXPECT(torn != NULL && fwrite("\x10\0\0\0\0\0\0\0{}", 1, 10, torn) == 10);
    fclose(torn);
    REFUSE(HR_MODEL_FILES, hr_cache_load(model, file, strlen(file), &cache));
    file = in_directory("foreign.safetensors");
    FILE *foreign = fopen(file, "wb");
    EXPECT(foreign != NULL && fwrite("\x02\0\0\0\0\0\0\0{}", 1, 10, foreign) == 10);
    fclose(foreign);
    REFUSE(HR_CACHE_FILE, hr_cache_load(model, file, strlen(file), &cache));
    EXPECT(cache == 0);
    hr_cache_settings settings = {.size = sizeof settings, .kind = 3};
    REFUSE(HR_INVALID_PARAMETER, hr_cache_create(model, &settings, &cache));
    settings.kind = HR_CACHE_KIND_ROTATING;
    settings.tokens_kept = 7;
    REFUSE(HR_INVALID_PARAMETER, hr_cache_create(model, &settings, &cache));
    settings.kind = HR_CACHE_KIND_SIMPLE;
    settings.kv_bits = 5;
    settings.kv_group_size = 64;
    REFUSE(HR_INVALID_PARAMETER, hr_cache_create(model, &settings, &cache));
    settings.size = 3;
    REFUSE(HR_INVALID_STRUCT_SIZE, hr_cache_create(model, &settings, &cache));
    REFUSE(HR_INVALID_HANDLE, hr_cache_create(0, NULL, &cache));
    SUCCEED(hr_cache_create(model, NULL, &cache));
    file = in_directory("no/such/directory.safetensors");
    REFUSE(HR_CACHE_NOT_WRITTEN, hr_cache_save(cache, file, strlen(file)));
    hr_generation generation = 0;
    REFUSE(HR_INVALID_PARAMETER,
           hr_generate_with(model, cache, model, 17, PROMPT, strlen(PROMPT), NULL, &generation));
    char text[4096];
    continue_with(cache, 0, PROMPT, text, sizeof text);
    EXPECT(strlen(text) > 0);
    SUCCEED(hr_cache_free(cache));
}

int main(int argument_count, char **arguments) {
    begin(argument_count, arguments);
    RUN(the_model_loads);
    RUN(a_second_generation_starts_where_the_first_ended);
    RUN(a_draft_changes_nothing);
    RUN(caches_are_trimmed_copied_and_dropped);
    RUN(caches_choose_themselves);
    RUN(a_conversation_comes_back_from_its_file);
    RUN(a_cache_comes_back_from_its_file_and_serves_a_session);
    RUN(what_is_no_cache_is_refused_and_nothing_is_lost);
    SUCCEED(hr_model_free(model));
    return failed_tests > 0;
}
