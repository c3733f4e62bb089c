// Models by name from C: the registry, the choice from it, whether one fits, and finding, without a
// network, what lies in a directory or in the cache.

#define _XOPEN_SOURCE 700

#include "check.h"

#include <limits.h>
#include <sys/stat.h>

#define UNTOUCHED UINT64_C(0x5555555555555555)
#define MEBIBYTE (UINT64_C(1) << 20)
#define COMMIT "0123456789abcdef0123456789abcdef01234567"

// A cache with the shipped model in it under this name.
static char cache[PATH_MAX / 2] = "/tmp/headroom-abi-XXXXXX";
static const char *const cached_name = "someone/storyteller";

static void path_in_cache(char *path, const char *name) {
    snprintf(path, PATH_MAX, "%s/models--someone--storyteller%s", cache, name);
}

static void fill_cache(void) {
    char path[PATH_MAX];
    char model[PATH_MAX];
    EXPECT(mkdtemp(cache) != NULL);
    const char *const directories[] = {"", "/refs", "/snapshots"};
    for (size_t index = 0; index < 3; index += 1) {
        path_in_cache(path, directories[index]);
        EXPECT(mkdir(path, 0700) == 0);
    }
    path_in_cache(path, "/refs/main");
    FILE *reference = fopen(path, "w");
    EXPECT(reference != NULL && fputs(COMMIT, reference) >= 0 && fclose(reference) == 0);
    path_in_cache(path, "/snapshots/" COMMIT);
    EXPECT(realpath(model_directory, model) != NULL && symlink(model, path) == 0);
}

static void empty_cache(void) {
    char path[PATH_MAX];
    const char *const entries[] = {"/snapshots/" COMMIT, "/snapshots", "/refs/main", "/refs", ""};
    for (size_t index = 0; index < 5; index += 1) {
        path_in_cache(path, entries[index]);
        EXPECT(remove(path) == 0);
    }
    EXPECT(remove(cache) == 0);
}

static hr_hub_settings offline(void) {
    hr_hub_settings settings = {
        .size = sizeof settings,
        .cache_directory = cache,
        .cache_directory_length = strlen(cache),
        .is_offline = 1,
    };
    return settings;
}

static hr_error *find(const char *name, const hr_hub_settings *settings, hr_string *directory) {
    return hr_model_download(name, strlen(name), settings, NULL, NULL, directory);
}

static hr_generation_plan plan_of(uint32_t context_tokens) {
    hr_generation_plan plan = {.size = sizeof plan};
    SUCCEED(hr_generation_plan_init(context_tokens, &plan));
    return plan;
}

static uint64_t used_bytes(void) {
    hr_memory_state state = {.size = sizeof state};
    SUCCEED(hr_memory_get_state(&state));
    return state.used_bytes;
}

static void the_registry_lists_models_smallest_first(void) {
    size_t count = 0;
    SUCCEED(hr_registry_count_models(&count));
    EXPECT(count >= 12);
    uint64_t last = 0;
    const char *first_id = NULL;
    for (size_t index = 0; index < count; index += 1) {
        hr_registry_model row = {.size = sizeof row};
        SUCCEED(hr_registry_get_model(index, &row));
        EXPECT(strchr(row.id, '/') != NULL && strlen(row.name) > 0 && strlen(row.family) > 0);
        EXPECT(row.parameters > last && row.weights_bytes > 0 && row.kv_bytes_per_token > 0);
        EXPECT(row.layers > 0 && row.weight_bits > 0 && row.context_length > 0);
        last = row.parameters;
        first_id = index == 0 ? row.id : first_id;
    }
    hr_registry_model again = {.size = sizeof again};
    SUCCEED(hr_registry_get_model(0, &again));
    EXPECT(again.id == first_id);
}

static void there_is_no_row_past_the_last(void) {
    size_t count = 0;
    SUCCEED(hr_registry_count_models(&count));
    hr_registry_model row = {.size = sizeof row, .parameters = UNTOUCHED};
    REFUSE(HR_INVALID_PARAMETER, hr_registry_get_model(count, &row));
    REFUSE(HR_INVALID_PARAMETER, hr_registry_get_model(SIZE_MAX, &row));
    REFUSE(HR_NULL_POINTER, hr_registry_get_model(0, NULL));
    REFUSE(HR_NULL_POINTER, hr_registry_count_models(NULL));
    row.size = 8;
    REFUSE(HR_INVALID_STRUCT_SIZE, hr_registry_get_model(0, &row));
    EXPECT(row.parameters == UNTOUCHED);
}

static void a_choice_is_explained(void) {
    hr_string id = 0;
    hr_string explanation = 0;
    char name[256] = "";
    char reason[512] = "";
    SUCCEED(hr_registry_select_model(UINT64_C(64) << 30, 4096, &id, &explanation));
    take_string(id, name, sizeof name);
    take_string(explanation, reason, sizeof reason);
    EXPECT(strchr(name, '/') != NULL && strstr(reason, "needs") != NULL);
    printf("    %s: %s\n", name, reason);
    SUCCEED(hr_registry_select_model(0, 4096, &id, &explanation));
    EXPECT(id == 0);
    take_string(explanation, reason, sizeof reason);
    EXPECT(strstr(reason, "no model") != NULL);
    id = UNTOUCHED;
    REFUSE(HR_NULL_POINTER, hr_registry_select_model(0, 1, NULL, &explanation));
    REFUSE(HR_NULL_POINTER, hr_registry_select_model(0, 1, &id, NULL));
    EXPECT(id == UNTOUCHED);
}

static void a_small_context_fits_as_asked(void) {
    hr_generation_plan plan = plan_of(256);
    hr_generation_plan fitting = {.size = sizeof fitting};
    hr_fit_report found = {.size = sizeof found};
    SUCCEED(hr_model_check_fit(model_directory, strlen(model_directory), &plan, &found, &fitting));
    EXPECT(found.answer == HR_FIT_FITS && found.alternative == 0);
    EXPECT(found.needed_bytes == found.weights_bytes + found.kv_cache_bytes +
                                     found.workspace_bytes + found.logits_bytes);
    EXPECT(found.needed_bytes <= found.available_bytes);
    EXPECT(memcmp(&plan, &fitting, sizeof plan) == 0);
    SUCCEED(hr_model_check_fit(model_directory, strlen(model_directory), &plan, &found, NULL));
}

static void an_endless_context_fits_with_a_shorter_one(void) {
    hr_generation_plan plan = plan_of(UINT32_MAX);
    hr_generation_plan fitting = {.size = sizeof fitting};
    hr_fit_report found = {.size = sizeof found};
    SUCCEED(hr_model_check_fit(model_directory, strlen(model_directory), &plan, &found, &fitting));
    EXPECT(found.answer == HR_FIT_FITS_IF);
    EXPECT(found.needed_bytes <= found.available_bytes);
    EXPECT(fitting.context_tokens < plan.context_tokens);
}

static void what_does_not_fit_is_told_and_not_loaded(void) {
    hr_generation_plan plan = plan_of(256);
    hr_generation_plan fitting = {.size = sizeof fitting, .context_tokens = 99};
    hr_fit_report found = {.size = sizeof found};
    hr_model model = UNTOUCHED;
    SUCCEED(hr_memory_set_max(used_bytes() + 18 * MEBIBYTE));
    SUCCEED(hr_model_check_fit(model_directory, strlen(model_directory), &plan, &found, &fitting));
    EXPECT(found.answer == HR_FIT_DOES_NOT_FIT && found.needed_bytes > found.available_bytes);
    EXPECT(found.weights_bytes == HR_UNKNOWN && found.alternative == 0);
    EXPECT(fitting.context_tokens == 99);
    REFUSE(HR_DOES_NOT_FIT,
           hr_model_load(model_directory, strlen(model_directory), NULL, NULL, &model));
    EXPECT(model == UNTOUCHED);
    SUCCEED(hr_memory_lift_max());
}

static void a_fit_check_is_refused_where_there_is_nothing_to_check(void) {
    hr_generation_plan plan = plan_of(256);
    hr_fit_report found = {.size = sizeof found, .needed_bytes = UNTOUCHED};
    size_t length = strlen(model_directory);
    REFUSE(HR_FILE_UNREADABLE, hr_model_check_fit("/nowhere", 8, &plan, &found, NULL));
    REFUSE(HR_NULL_POINTER, hr_model_check_fit(model_directory, length, NULL, &found, NULL));
    REFUSE(HR_NULL_POINTER, hr_model_check_fit(model_directory, length, &plan, NULL, NULL));
    REFUSE(HR_NULL_POINTER, hr_generation_plan_init(1, NULL));
    plan.kv_bits = 5;
    REFUSE(HR_INVALID_PARAMETER, hr_model_check_fit(model_directory, length, &plan, &found, NULL));
    plan = plan_of(0);
    REFUSE(HR_INVALID_PARAMETER, hr_model_check_fit(model_directory, length, &plan, &found, NULL));
    plan.size = 4;
    REFUSE(HR_INVALID_STRUCT_SIZE,
           hr_model_check_fit(model_directory, length, &plan, &found, NULL));
    EXPECT(found.needed_bytes == UNTOUCHED);
}

static void a_directory_and_a_cached_model_are_found_without_a_network(void) {
    hr_hub_settings settings = offline();
    hr_string directory = 0;
    char found[PATH_MAX] = "";
    char expected[PATH_MAX] = "";
    SUCCEED(find(model_directory, &settings, &directory));
    take_string(directory, found, sizeof found);
    EXPECT(strcmp(found, model_directory) == 0);
    SUCCEED(find(cached_name, &settings, &directory));
    take_string(directory, found, sizeof found);
    path_in_cache(expected, "/snapshots/" COMMIT);
    EXPECT(strcmp(found, expected) == 0);
}

static void what_is_not_there_is_told_by_its_code(void) {
    hr_hub_settings settings = offline();
    hr_string directory = UNTOUCHED;
    REFUSE(HR_NOT_CACHED, find("Qwen3-0.6B", &settings, &directory));
    REFUSE(HR_NOT_CACHED, find("someone/else", &settings, &directory));
    REFUSE(HR_UNKNOWN_MODEL, find("qwen9", &settings, &directory));
    REFUSE(HR_UNKNOWN_MODEL, find("./nowhere", &settings, &directory));
    REFUSE(HR_UNKNOWN_MODEL, find("../../etc/x", &settings, &directory));
    REFUSE(HR_UNKNOWN_MODEL, find("", &settings, &directory));
    EXPECT(directory == UNTOUCHED);
}

static void settings_that_cannot_be_meant_are_refused(void) {
    hr_hub_settings settings = offline();
    hr_string directory = UNTOUCHED;
    settings.is_offline = 2;
    REFUSE(HR_INVALID_PARAMETER, find(cached_name, &settings, &directory));
    settings = offline();
    settings.token = "two words";
    settings.token_length = 9;
    REFUSE(HR_INVALID_PARAMETER, find(cached_name, &settings, &directory));
    settings.token = NULL;
    REFUSE(HR_NULL_POINTER, find(cached_name, &settings, &directory));
    settings = offline();
    settings.size = sizeof settings - 8;
    REFUSE(HR_INVALID_STRUCT_SIZE, find(cached_name, &settings, &directory));
    settings = offline();
    REFUSE(HR_NULL_POINTER, find(cached_name, &settings, NULL));
    REFUSE(HR_NULL_POINTER, hr_model_download(NULL, 3, &settings, NULL, NULL, &directory));
    REFUSE(HR_INVALID_UTF8, hr_model_download("\xff", 1, &settings, NULL, NULL, &directory));
    REFUSE(HR_NULL_POINTER, hr_model_load_by_name("x", 1, &settings, NULL, NULL, NULL));
    EXPECT(directory == UNTOUCHED);
}

struct progress {
    int calls;
    uint64_t done_bytes;
    uint64_t total_bytes;
    int32_t answer;
};

static int32_t on_progress(void *user_data, const hr_model_progress *progress) {
    struct progress *seen = user_data;
    EXPECT(progress->size == sizeof *progress && progress->stage == HR_MODEL_STAGE_LOAD);
    EXPECT(progress->done_bytes >= seen->done_bytes);
    seen->calls += 1;
    seen->done_bytes = progress->done_bytes;
    seen->total_bytes = progress->total_bytes;
    return seen->answer;
}

static void a_model_is_loaded_by_name(void) {
    hr_hub_settings settings = offline();
    hr_model model = 0;
    struct progress seen = {0, 0, 0, 0};
    SUCCEED(hr_model_load_by_name(cached_name, strlen(cached_name), &settings, on_progress, &seen,
                                  &model));
    EXPECT(seen.calls > 0 && seen.total_bytes > 0 && seen.done_bytes == seen.total_bytes);
    hr_generate_parameters parameters = short_answer(4);
    hr_generation generation = 0;
    SUCCEED(hr_generate(model, "Once", 4, &parameters, &generation));
    EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
    SUCCEED(hr_generation_free(generation));
    SUCCEED(hr_model_free(model));
}

static void a_callback_stops_the_loading(void) {
    hr_hub_settings settings = offline();
    hr_model model = UNTOUCHED;
    struct progress seen = {0, 0, 0, 1};
    REFUSE(HR_CANCELLED, hr_model_load_by_name(cached_name, strlen(cached_name), &settings,
                                               on_progress, &seen, &model));
    EXPECT(seen.calls > 0 && model == UNTOUCHED);
}

int main(int argument_count, char **arguments) {
    begin(argument_count, arguments);
    fill_cache();
    RUN(the_registry_lists_models_smallest_first);
    RUN(there_is_no_row_past_the_last);
    RUN(a_choice_is_explained);
    RUN(a_small_context_fits_as_asked);
    RUN(an_endless_context_fits_with_a_shorter_one);
    RUN(what_does_not_fit_is_told_and_not_loaded);
    RUN(a_fit_check_is_refused_where_there_is_nothing_to_check);
    RUN(a_directory_and_a_cached_model_are_found_without_a_network);
    RUN(what_is_not_there_is_told_by_its_code);
    RUN(settings_that_cannot_be_meant_are_refused);
    RUN(a_model_is_loaded_by_name);
    RUN(a_callback_stops_the_loading);
    empty_cache();
    return failed_tests > 0;
}
