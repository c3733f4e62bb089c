// What a host can do wrong: every case must give an error code, and nothing worse.

#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <math.h>
#include <pthread.h>

#define PROMPT "Once upon a time"
#define UNTOUCHED UINT64_C(0x5555555555555555)

static hr_model model = 0;

static hr_generation start(uint32_t max_tokens) {
    hr_generate_parameters parameters = short_answer(max_tokens);
    hr_generation generation = 0;
    SUCCEED(hr_generate(model, PROMPT, strlen(PROMPT), &parameters, &generation));
    return generation;
}

static hr_session converse(void) {
    hr_session session = 0;
    SUCCEED(hr_session_create(model, NULL, 0, NULL, &session));
    return session;
}

static void a_panic_inside_is_an_error_outside(void) {
    REFUSE(HR_INTERNAL, hr_test_panic());
    REFUSE(HR_INTERNAL, hr_test_panic());
    EXPECT(hr_abi_version() == HR_ABI_VERSION);
}

static void null_pointers_are_refused(void) {
    size_t length = 0;
    hr_string string = 0;
    const char *text = NULL;
    hr_role role = HR_ROLE_USER;
    hr_generation generation = start(1);
    hr_session session = converse();
    REFUSE(HR_NULL_POINTER, hr_memory_get_state(NULL));
    REFUSE(HR_NULL_POINTER, hr_generate_parameters_init(NULL));
    REFUSE(HR_NULL_POINTER, hr_model_load(model_directory, 3, NULL, NULL, NULL));
    REFUSE(HR_NULL_POINTER, hr_model_get_info(model, NULL));
    REFUSE(HR_NULL_POINTER, hr_generate(model, PROMPT, 4, NULL, NULL));
    REFUSE(HR_NULL_POINTER, hr_generate_chat(model, NULL, 1, NULL, &generation));
    REFUSE(HR_NULL_POINTER, hr_generation_next(generation, NULL));
    REFUSE(HR_NULL_POINTER, hr_generation_run(generation, NULL, NULL));
    REFUSE(HR_NULL_POINTER, hr_generate_with_callback(model, PROMPT, 4, NULL, NULL, NULL, NULL));
    REFUSE(HR_NULL_POINTER, hr_generation_get_summary(generation, NULL));
    REFUSE(HR_NULL_POINTER, hr_generation_get_answer(generation, NULL));
    REFUSE(HR_NULL_POINTER, hr_generation_get_tokens(generation, NULL, 1, &length));
    REFUSE(HR_NULL_POINTER, hr_generation_get_tokens(generation, NULL, 0, NULL));
    REFUSE(HR_NULL_POINTER, hr_session_create(model, NULL, 0, NULL, NULL));
    REFUSE(HR_NULL_POINTER, hr_session_respond(session, PROMPT, 4, NULL));
    REFUSE(HR_NULL_POINTER, hr_session_count_messages(session, NULL));
    REFUSE(HR_NULL_POINTER, hr_session_get_message(session, 0, NULL, &string));
    REFUSE(HR_NULL_POINTER, hr_session_get_message(session, 0, &role, NULL));
    REFUSE(HR_NULL_POINTER, hr_string_get(string, NULL, &length));
    REFUSE(HR_NULL_POINTER, hr_string_get(string, &text, NULL));
    EXPECT(hr_error_code(NULL) == HR_OK);
    EXPECT(hr_error_message(NULL) != NULL);
    hr_error_free(NULL);
    SUCCEED(hr_generation_free(generation));
    SUCCEED(hr_session_free(session));
}

// Every call that takes a handle refuses this one, whatever it is taken for.
static void expect_invalid_everywhere(uint64_t handle) {
    hr_generate_parameters parameters = short_answer(1);
    hr_model_info info = {.size = sizeof info};
    hr_generation_summary summary = {.size = sizeof summary};
    hr_event event = empty_event();
    hr_message message = {sizeof message, HR_ROLE_USER, "Hi", 2};
    uint64_t output = UNTOUCHED;
    const char *text = NULL;
    size_t length = 0;
    uint32_t token = 0;
    hr_role role = HR_ROLE_USER;
    REFUSE(HR_INVALID_HANDLE, hr_model_get_info(handle, &info));
    REFUSE(HR_INVALID_HANDLE, hr_model_free(handle));
    REFUSE(HR_INVALID_HANDLE, hr_generate(handle, PROMPT, 4, &parameters, &output));
    REFUSE(HR_INVALID_HANDLE, hr_generate_chat(handle, &message, 1, NULL, &output));
    REFUSE(HR_INVALID_HANDLE, hr_session_create(handle, NULL, 0, NULL, &output));
    REFUSE(HR_INVALID_HANDLE, hr_session_respond(handle, PROMPT, 4, &output));
    REFUSE(HR_INVALID_HANDLE, hr_session_reset(handle));
    REFUSE(HR_INVALID_HANDLE, hr_session_count_messages(handle, &length));
    REFUSE(HR_INVALID_HANDLE, hr_session_get_message(handle, 0, &role, &output));
    REFUSE(HR_INVALID_HANDLE, hr_session_free(handle));
    REFUSE(HR_INVALID_HANDLE, hr_generation_next(handle, &event));
    REFUSE(HR_INVALID_HANDLE, hr_generation_cancel(handle));
    REFUSE(HR_INVALID_HANDLE, hr_generation_get_summary(handle, &summary));
    REFUSE(HR_INVALID_HANDLE, hr_generation_get_answer(handle, &output));
    REFUSE(HR_INVALID_HANDLE, hr_generation_get_tokens(handle, &token, 1, &length));
    REFUSE(HR_INVALID_HANDLE, hr_generation_free(handle));
    REFUSE(HR_INVALID_HANDLE, hr_string_get(handle, &text, &length));
    REFUSE(HR_INVALID_HANDLE, hr_string_free(handle));
    EXPECT(output == UNTOUCHED && text == NULL && length == 0 && token == 0);
}

static void handles_never_issued_are_refused(void) {
    expect_invalid_everywhere(0);
    expect_invalid_everywhere(1);
    expect_invalid_everywhere(UINT64_MAX);
    expect_invalid_everywhere(model + (UINT64_C(1) << 24));
    expect_invalid_everywhere((uint64_t)(uintptr_t)&model);
}

static void a_freed_handle_is_refused_even_when_its_place_is_taken(void) {
    hr_session old = converse();
    SUCCEED(hr_session_free(old));
    hr_session new = converse();
    EXPECT(old != new);
    expect_invalid_everywhere(old);
    SUCCEED(hr_session_reset(new));
    SUCCEED(hr_session_free(new));
}

static void handles_are_freed_once(void) {
    hr_generation generation = start(1);
    EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
    hr_string answer = 0;
    SUCCEED(hr_generation_get_answer(generation, &answer));
    SUCCEED(hr_string_free(answer));
    REFUSE(HR_INVALID_HANDLE, hr_string_free(answer));
    SUCCEED(hr_generation_free(generation));
    REFUSE(HR_INVALID_HANDLE, hr_generation_free(generation));
    hr_model second = load_model();
    SUCCEED(hr_model_free(second));
    REFUSE(HR_INVALID_HANDLE, hr_model_free(second));
}

static void an_error_freed_twice_is_recognised(void) {
    hr_error *error = hr_test_panic();
    EXPECT(hr_error_code(error) == HR_INTERNAL);
    hr_error_free(error);
    hr_error_free(error);
    EXPECT(hr_error_code(error) == HR_INVALID_HANDLE);
    EXPECT(strstr(hr_error_message(error), "freed") != NULL);
}

static void a_handle_of_another_kind_is_refused_and_stays_valid(void) {
    hr_session session = converse();
    hr_model_info info = {.size = sizeof info};
    hr_error *error = hr_model_get_info(session, &info);
    EXPECT(hr_error_code(error) == HR_INVALID_HANDLE);
    EXPECT(strstr(hr_error_message(error), "session") != NULL);
    EXPECT(hr_string_free((uint64_t)(uintptr_t)error) != NULL);
    hr_error_free(error);
    REFUSE(HR_INVALID_HANDLE, hr_model_free(session));
    REFUSE(HR_INVALID_HANDLE, hr_generation_free(session));
    REFUSE(HR_INVALID_HANDLE, hr_string_free(session));
    REFUSE(HR_INVALID_HANDLE, hr_session_free(model));
    hr_error_free((hr_error *)(uintptr_t)session);
    SUCCEED(hr_session_free(session));
}

static void text_that_is_no_text_is_refused(void) {
    hr_generation output = UNTOUCHED;
    hr_session session = converse();
    hr_model loaded = UNTOUCHED;
    const char half[] = "half a euro \xe2\x82";
    REFUSE(HR_INVALID_UTF8, hr_generate(model, half, strlen(half), NULL, &output));
    REFUSE(HR_INVALID_UTF8, hr_generate(model, "\xff", 1, NULL, &output));
    REFUSE(HR_INVALID_UTF8, hr_generate(model, "\xed\xa0\x80", 3, NULL, &output));
    REFUSE(HR_INVALID_UTF8, hr_session_respond(session, half, strlen(half), &output));
    REFUSE(HR_INVALID_UTF8, hr_session_create(model, half, strlen(half), NULL, &output));
    REFUSE(HR_INVALID_UTF8, hr_model_load("\xc0\xaf", 2, NULL, NULL, &loaded));
    REFUSE(HR_NULL_POINTER, hr_generate(model, NULL, 1, NULL, &output));
    REFUSE(HR_NULL_POINTER, hr_generate(model, NULL, SIZE_MAX, NULL, &output));
    REFUSE(HR_INVALID_PARAMETER, hr_generate(model, PROMPT, SIZE_MAX, NULL, &output));
    REFUSE(HR_PROMPT_EMPTY, hr_generate(model, NULL, 0, NULL, &output));
    REFUSE(HR_PROMPT_EMPTY, hr_generate(model, "", 0, NULL, &output));
    REFUSE(HR_PROMPT_EMPTY, hr_session_respond(session, NULL, 0, &output));
    REFUSE(HR_PROMPT_EMPTY, hr_generate_chat(model, NULL, 0, NULL, &output));
    EXPECT(output == UNTOUCHED && loaded == UNTOUCHED);
    SUCCEED(hr_session_free(session));
}

static void a_directory_without_a_model_is_refused(void) {
    hr_model loaded = UNTOUCHED;
    REFUSE(HR_FILE_UNREADABLE, hr_model_load("/nowhere", 8, NULL, NULL, &loaded));
    REFUSE(HR_FILE_UNREADABLE, hr_model_load("zero\0inside", 11, NULL, NULL, &loaded));
    EXPECT(hr_model_load(NULL, 0, NULL, NULL, &loaded) != NULL);
    EXPECT(loaded == UNTOUCHED);
}

static void struct_sizes_are_checked(void) {
    hr_generation output = UNTOUCHED;
    hr_generate_parameters parameters = short_answer(1);
    hr_memory_state state = {.size = 8, .budget_bytes = UNTOUCHED};
    hr_event event = {.size = 0};
    hr_message message = {sizeof message - 1, HR_ROLE_USER, "Hi", 2};
    REFUSE(HR_INVALID_STRUCT_SIZE, hr_memory_get_state(&state));
    EXPECT(state.size == 8 && state.budget_bytes == UNTOUCHED);
    state.size = SIZE_MAX;
    REFUSE(HR_INVALID_STRUCT_SIZE, hr_memory_get_state(&state));
    parameters.size = offsetof(hr_generate_parameters, max_kv_size) - 1;
    REFUSE(HR_INVALID_STRUCT_SIZE, hr_generate_parameters_init(&parameters));
    REFUSE(HR_INVALID_STRUCT_SIZE, hr_generate(model, PROMPT, 4, &parameters, &output));
    REFUSE(HR_INVALID_STRUCT_SIZE, hr_generate_chat(model, &message, 1, NULL, &output));
    hr_generation generation = start(1);
    REFUSE(HR_INVALID_STRUCT_SIZE, hr_generation_next(generation, &event));
    EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
    SUCCEED(hr_generation_free(generation));
    EXPECT(output == UNTOUCHED);
}

// A host that was built with a newer header has more room than the library knows.
static void nothing_past_the_known_fields_is_touched(void) {
    struct {
        hr_memory_state known;
        uint64_t newer;
    } state = {{.size = sizeof state}, UNTOUCHED};
    SUCCEED(hr_memory_get_state(&state.known));
    EXPECT(state.known.size == sizeof state.known);
    EXPECT(state.newer == UNTOUCHED);
    struct {
        hr_generate_parameters known;
        uint64_t newer;
    } parameters = {short_answer(1), UNTOUCHED};
    parameters.known.size = sizeof parameters;
    hr_generation generation = 0;
    SUCCEED(hr_generate(model, PROMPT, 4, &parameters.known, &generation));
    SUCCEED(hr_generation_free(generation));
    EXPECT(parameters.newer == UNTOUCHED);
}

static void values_out_of_range_are_refused(void) {
    hr_generation output = UNTOUCHED;
    hr_session session = UNTOUCHED;
    hr_generate_parameters given = short_answer(0);
    REFUSE(HR_INVALID_PARAMETER, hr_generate(model, PROMPT, 4, &given, &output));
    REFUSE(HR_INVALID_PARAMETER, hr_session_create(model, NULL, 0, &given, &session));
    given = short_answer(1);
    given.temperature = NAN;
    REFUSE(HR_INVALID_PARAMETER, hr_generate(model, PROMPT, 4, &given, &output));
    given = short_answer(1);
    given.has_seed = 2;
    REFUSE(HR_INVALID_PARAMETER, hr_generate(model, PROMPT, 4, &given, &output));
    given = short_answer(1);
    given.stop_count = SIZE_MAX;
    REFUSE(HR_INVALID_PARAMETER, hr_generate(model, PROMPT, 4, &given, &output));
    given.stop_count = 1;
    REFUSE(HR_NULL_POINTER, hr_generate(model, PROMPT, 4, &given, &output));
    hr_message message = {sizeof message, 99, "Hi", 2};
    REFUSE(HR_INVALID_PARAMETER, hr_generate_chat(model, &message, 1, NULL, &output));
    message.role = HR_ROLE_USER;
    REFUSE(HR_INVALID_PARAMETER, hr_generate_chat(model, &message, SIZE_MAX, NULL, &output));
    EXPECT(output == UNTOUCHED && session == UNTOUCHED);
}

static void a_prompt_longer_than_the_context_is_refused(void) {
    hr_generation output = UNTOUCHED;
    size_t length = 200000;
    char *prompt = malloc(length);
    memset(prompt, 'a', length);
    for (size_t index = 1; index < length; index += 2) {
        prompt[index] = ' ';
    }
    REFUSE(HR_PROMPT_TOO_LONG, hr_generate(model, prompt, length, NULL, &output));
    EXPECT(output == UNTOUCHED);
    free(prompt);
}

static void an_end_is_told_once_and_nothing_before_it(void) {
    hr_generation generation = start(2);
    hr_generation_summary summary = {.size = sizeof summary};
    hr_string answer = UNTOUCHED;
    hr_event event = empty_event();
    REFUSE(HR_WRONG_GENERATION_STATE, hr_generation_get_summary(generation, &summary));
    REFUSE(HR_WRONG_GENERATION_STATE, hr_generation_get_answer(generation, &answer));
    EXPECT(answer == UNTOUCHED);
    EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
    REFUSE(HR_WRONG_GENERATION_STATE, hr_generation_next(generation, &event));
    REFUSE(HR_WRONG_GENERATION_STATE, hr_generation_next(generation, &event));
    SUCCEED(hr_generation_get_summary(generation, &summary));
    SUCCEED(hr_generation_cancel(generation));
    SUCCEED(hr_generation_free(generation));
}

static void a_generation_dropped_midway_leaves_the_model_usable(void) {
    for (int round = 0; round < 5; round += 1) {
        hr_generation generation = start(500);
        hr_event event = empty_event();
        SUCCEED(hr_generation_next(generation, &event));
        if (event.text != 0) {
            SUCCEED(hr_string_free(event.text));
        }
        SUCCEED(hr_generation_free(generation));
    }
    hr_generation generation = start(3);
    EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
    SUCCEED(hr_generation_free(generation));
}

static void models_come_and_go(void) {
    for (int round = 0; round < 4; round += 1) {
        hr_model other = load_model();
        hr_generate_parameters parameters = short_answer(2);
        hr_generation generation = 0;
        SUCCEED(hr_generate(other, PROMPT, strlen(PROMPT), &parameters, &generation));
        SUCCEED(hr_model_free(other));
        EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
        SUCCEED(hr_generation_free(generation));
    }
}

static int32_t stop_loading(void *user_data, uint64_t read_bytes, uint64_t total_bytes) {
    (void)read_bytes;
    (void)total_bytes;
    *(int *)user_data += 1;
    return 1;
}

static void a_callback_stops_the_loading(void) {
    hr_model loaded = UNTOUCHED;
    int calls = 0;
    REFUSE(HR_CANCELLED, hr_model_load(model_directory, strlen(model_directory), stop_loading,
                                       &calls, &loaded));
    EXPECT(calls > 0 && loaded == UNTOUCHED);
}

static int32_t work_while_loading(void *user_data, uint64_t read_bytes, uint64_t total_bytes) {
    (void)total_bytes;
    hr_memory_state state = {.size = sizeof state};
    SUCCEED(hr_memory_get_state(&state));
    if (*(int *)user_data == 0 && read_bytes > 0) {
        *(int *)user_data = 1;
        hr_model inner = load_model();
        SUCCEED(hr_model_free(inner));
        hr_generation generation = start(2);
        EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
        SUCCEED(hr_generation_free(generation));
    }
    return 0;
}

static void a_progress_callback_may_call_anything(void) {
    hr_model loaded = 0;
    int worked = 0;
    SUCCEED(hr_model_load(model_directory, strlen(model_directory), work_while_loading, &worked,
                          &loaded));
    EXPECT(worked == 1);
    SUCCEED(hr_model_free(loaded));
}

struct reentry {
    hr_generation own;
    int texts;
    int ends;
};

// Cancels, pulls from and frees the very generation that it hears.
static int32_t turn_on_its_own_generation(void *user_data, const hr_event *event) {
    struct reentry *reentry = user_data;
    reentry->ends += event->kind == HR_EVENT_END;
    if (event->kind == HR_EVENT_TEXT && reentry->texts++ == 0) {
        hr_event own = empty_event();
        SUCCEED(hr_generation_next(reentry->own, &own));
        if (own.text != 0) {
            SUCCEED(hr_string_free(own.text));
        }
        SUCCEED(hr_string_free(event->text));
        SUCCEED(hr_generation_cancel(reentry->own));
        SUCCEED(hr_generation_free(reentry->own));
        REFUSE(HR_INVALID_HANDLE, hr_generation_cancel(reentry->own));
    }
    return 0;
}

static int32_t generate_inside(void *user_data, const hr_event *event) {
    int *done = user_data;
    if (event->kind == HR_EVENT_TEXT && *done == 0) {
        *done = 1;
        hr_generation inner = start(2);
        EXPECT(pull_to_end(inner, NULL, 0) == HR_OK);
        SUCCEED(hr_generation_free(inner));
    }
    return 0;
}

static void an_event_callback_may_call_anything(void) {
    struct reentry reentry = {start(400), 0, 0};
    SUCCEED(hr_generation_run(reentry.own, turn_on_its_own_generation, &reentry));
    EXPECT(reentry.texts >= 1 && reentry.ends == 1);
    int done = 0;
    hr_generate_parameters parameters = short_answer(8);
    SUCCEED(hr_generate_with_callback(model, PROMPT, strlen(PROMPT), &parameters, generate_inside,
                                      &done, NULL));
    EXPECT(done == 1);
}

static int32_t cancel_at_the_first_event(void *user_data, const hr_event *event) {
    *(int *)user_data += event->kind == HR_EVENT_END;
    return 1;
}

static void an_event_callback_cancels(void) {
    int ends = 0;
    hr_generate_parameters parameters = short_answer(900);
    hr_generation_summary summary = {.size = sizeof summary};
    SUCCEED(hr_generate_with_callback(model, PROMPT, strlen(PROMPT), &parameters,
                                      cancel_at_the_first_event, &ends, &summary));
    EXPECT(ends == 1);
    EXPECT(summary.stop_reason == HR_STOP_REASON_CANCELLED);
    EXPECT(summary.generated_tokens < 900);
}

static void *cancel(void *generation) {
    return hr_generation_cancel(*(hr_generation *)generation);
}

static void another_thread_cancels(void) {
    hr_generation generation = start(900);
    hr_event event = empty_event();
    SUCCEED(hr_generation_next(generation, &event));
    pthread_t thread;
    void *error = NULL;
    EXPECT(pthread_create(&thread, NULL, cancel, &generation) == 0);
    EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
    EXPECT(pthread_join(thread, &error) == 0);
    SUCCEED((hr_error *)error);
    if (event.text != 0) {
        SUCCEED(hr_string_free(event.text));
    }
    hr_generation_summary summary = {.size = sizeof summary};
    SUCCEED(hr_generation_get_summary(generation, &summary));
    EXPECT(summary.stop_reason == HR_STOP_REASON_CANCELLED);
    SUCCEED(hr_generation_free(generation));
}

static void *free_generation(void *generation) {
    return hr_generation_free(*(hr_generation *)generation);
}

// The thread that waits gets the end, or finds the handle gone between two calls.
static void another_thread_frees_what_this_one_waits_for(void) {
    hr_generation generation = start(900);
    hr_event event = empty_event();
    SUCCEED(hr_generation_next(generation, &event));
    if (event.text != 0) {
        SUCCEED(hr_string_free(event.text));
    }
    pthread_t thread;
    void *error = NULL;
    EXPECT(pthread_create(&thread, NULL, free_generation, &generation) == 0);
    hr_code code = pull_to_end(generation, NULL, 0);
    EXPECT(code == HR_OK || code == HR_INVALID_HANDLE);
    EXPECT(pthread_join(thread, &error) == 0);
    SUCCEED((hr_error *)error);
    REFUSE(HR_INVALID_HANDLE, hr_generation_free(generation));
}

static void *free_session(void *session) {
    return hr_session_free(*(hr_session *)session);
}

static void of_many_threads_that_free_one_handle_one_succeeds(void) {
    enum { THREADS = 8 };
    for (int round = 0; round < 20; round += 1) {
        hr_session session = converse();
        pthread_t threads[THREADS];
        int freed = 0;
        for (int index = 0; index < THREADS; index += 1) {
            EXPECT(pthread_create(&threads[index], NULL, free_session, &session) == 0);
        }
        for (int index = 0; index < THREADS; index += 1) {
            void *error = NULL;
            EXPECT(pthread_join(threads[index], &error) == 0);
            freed += error == NULL;
            EXPECT(error == NULL || hr_error_code(error) == HR_INVALID_HANDLE);
            hr_error_free(error);
        }
        EXPECT(freed == 1);
    }
}

static void *generate_on_this_thread(void *shared_model) {
    hr_generate_parameters parameters;
    memset(&parameters, 0, sizeof parameters);
    parameters.size = sizeof parameters;
    hr_error_free(hr_generate_parameters_init(&parameters));
    parameters.max_tokens = 6;
    hr_generation generation = 0;
    hr_error *error = hr_generate(*(hr_model *)shared_model, PROMPT, strlen(PROMPT), &parameters,
                                  &generation);
    while (error == NULL) {
        hr_event event = empty_event();
        error = hr_generation_next(generation, &event);
        if (error != NULL || event.kind == HR_EVENT_END) {
            break;
        }
        if (event.text != 0) {
            hr_error_free(hr_string_free(event.text));
        }
    }
    hr_error_free(hr_generation_free(generation));
    return error;
}

static void threads_share_a_model_that_goes_under_them(void) {
    enum { THREADS = 4 };
    hr_model shared = load_model();
    pthread_t threads[THREADS];
    for (int index = 0; index < THREADS; index += 1) {
        EXPECT(pthread_create(&threads[index], NULL, generate_on_this_thread, &shared) == 0);
    }
    SUCCEED(hr_model_free(shared));
    for (int index = 0; index < THREADS; index += 1) {
        void *error = NULL;
        EXPECT(pthread_join(threads[index], &error) == 0);
        hr_code code = hr_error_code(error);
        EXPECT(code == HR_OK || code == HR_INVALID_HANDLE);
        hr_error_free(error);
    }
}

static void a_session_outlives_its_model(void) {
    hr_model own = load_model();
    hr_generate_parameters parameters = short_answer(3);
    hr_session session = 0;
    hr_generation generation = 0;
    SUCCEED(hr_session_create(own, NULL, 0, &parameters, &session));
    SUCCEED(hr_model_free(own));
    SUCCEED(hr_session_respond(session, "Hello", 5, &generation));
    SUCCEED(hr_session_free(session));
    EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
    SUCCEED(hr_generation_free(generation));
}

static void a_dropped_answer_leaves_no_trace_in_its_session(void) {
    hr_session session = converse();
    hr_generation generation = 0;
    hr_role role = HR_ROLE_USER;
    hr_string content = UNTOUCHED;
    size_t count = 99;
    SUCCEED(hr_session_respond(session, "Hello", 5, &generation));
    SUCCEED(hr_generation_free(generation));
    SUCCEED(hr_session_count_messages(session, &count));
    EXPECT(count == 0);
    REFUSE(HR_INVALID_PARAMETER, hr_session_get_message(session, 0, &role, &content));
    REFUSE(HR_INVALID_PARAMETER, hr_session_get_message(session, SIZE_MAX, &role, &content));
    EXPECT(content == UNTOUCHED);
    SUCCEED(hr_session_free(session));
}

static void the_model_loads(void) {
    model = load_model();
    EXPECT(model != 0);
}

static void the_model_is_freed_at_last(void) {
    SUCCEED(hr_model_free(model));
    expect_invalid_everywhere(model);
}

int main(int argument_count, char **arguments) {
    begin(argument_count, arguments);
    RUN(a_panic_inside_is_an_error_outside);
    RUN(a_directory_without_a_model_is_refused);
    RUN(the_model_loads);
    RUN(null_pointers_are_refused);
    RUN(handles_never_issued_are_refused);
    RUN(a_freed_handle_is_refused_even_when_its_place_is_taken);
    RUN(handles_are_freed_once);
    RUN(an_error_freed_twice_is_recognised);
    RUN(a_handle_of_another_kind_is_refused_and_stays_valid);
    RUN(text_that_is_no_text_is_refused);
    RUN(struct_sizes_are_checked);
    RUN(nothing_past_the_known_fields_is_touched);
    RUN(values_out_of_range_are_refused);
    RUN(a_prompt_longer_than_the_context_is_refused);
    RUN(an_end_is_told_once_and_nothing_before_it);
    RUN(a_generation_dropped_midway_leaves_the_model_usable);
    RUN(models_come_and_go);
    RUN(a_callback_stops_the_loading);
    RUN(a_progress_callback_may_call_anything);
    RUN(an_event_callback_may_call_anything);
    RUN(an_event_callback_cancels);
    RUN(another_thread_cancels);
    RUN(another_thread_frees_what_this_one_waits_for);
    RUN(of_many_threads_that_free_one_handle_one_succeeds);
    RUN(threads_share_a_model_that_goes_under_them);
    RUN(a_session_outlives_its_model);
    RUN(a_dropped_answer_leaves_no_trace_in_its_session);
    RUN(a_panic_inside_is_an_error_outside);
    RUN(the_model_is_freed_at_last);
    return failed_tests > 0;
}
