// The main job from C: load the shipped model, stream an answer, hold a conversation, free.

#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <math.h>
#include <time.h>

#define PROMPT "Once upon a time, there was a little fox"

static hr_model model = 0;

struct progress {
    uint64_t calls;
    uint64_t read_bytes;
    uint64_t total_bytes;
};

static int32_t on_progress(void *user_data, uint64_t read_bytes, uint64_t total_bytes) {
    struct progress *progress = user_data;
    EXPECT(read_bytes >= progress->read_bytes && read_bytes <= total_bytes);
    progress->calls += 1;
    progress->read_bytes = read_bytes;
    progress->total_bytes = total_bytes;
    return 0;
}

static void loads_with_progress(void) {
    struct progress progress = {0, 0, 0};
    SUCCEED(hr_model_load(model_directory, strlen(model_directory), on_progress, &progress, &model));
    EXPECT(model != 0);
    EXPECT(progress.calls > 0);
    EXPECT(progress.total_bytes > 0 && progress.read_bytes == progress.total_bytes);
    printf("    loaded %llu bytes in %llu steps\n", (unsigned long long)progress.total_bytes,
           (unsigned long long)progress.calls);
}

static void tells_about_the_model(void) {
    hr_model_info info = {.size = sizeof info};
    SUCCEED(hr_model_get_info(model, &info));
    EXPECT(info.size == sizeof info);
    EXPECT(info.layers > 0 && info.layers < 1000);
    EXPECT(info.vocabulary_size > 255);
    EXPECT(info.context_length > 0);
    EXPECT(info.has_chat_template == 1);
}

static void tells_about_memory(void) {
    hr_memory_state state = {.size = sizeof state};
    SUCCEED(hr_memory_get_state(&state));
    EXPECT(state.used_bytes != 0 && state.physical_bytes != 0);
    EXPECT(state.mlx_active_bytes > 1000000);
    EXPECT(isnan(state.memory_usage_ratio) || state.memory_usage_ratio > 0);
    EXPECT(state.pressure >= HR_PRESSURE_LOW && state.pressure <= HR_PRESSURE_CRITICAL);
    SUCCEED(hr_memory_clear_cache());
    SUCCEED(hr_memory_get_state(&state));
    EXPECT(state.mlx_cache_bytes == 0);
}

static void streams_an_answer_and_its_figures(void) {
    hr_generate_parameters parameters = short_answer(40);
    hr_generation generation = 0;
    SUCCEED(hr_generate(model, PROMPT, strlen(PROMPT), &parameters, &generation));
    char streamed[4096] = "";
    EXPECT(pull_to_end(generation, streamed, sizeof streamed) == HR_OK);
    EXPECT(strlen(streamed) > 0);
    printf("    %s|%s\n", PROMPT, streamed);

    hr_string answer = 0;
    const char *text = NULL;
    size_t length = 0;
    SUCCEED(hr_generation_get_answer(generation, &answer));
    SUCCEED(hr_string_get(answer, &text, &length));
    EXPECT(length == strlen(streamed) && strcmp(text, streamed) == 0);
    SUCCEED(hr_string_free(answer));

    hr_generation_summary summary = {.size = sizeof summary};
    SUCCEED(hr_generation_get_summary(generation, &summary));
    EXPECT(summary.generated_tokens > 0 && summary.generated_tokens <= 40);
    EXPECT(summary.prompt_tokens > 0 && summary.cached_prompt_tokens == 0);
    EXPECT(summary.stop_reason != HR_STOP_REASON_CANCELLED);
    EXPECT(summary.load_seconds > 0 && summary.time_to_first_token_seconds > 0);
    EXPECT(summary.kv_cache_bytes > 0 && summary.peak_mlx_bytes > 0);

    uint32_t tokens[64];
    size_t count = 0;
    SUCCEED(hr_generation_get_tokens(generation, tokens, 64, &count));
    EXPECT(count == summary.generated_tokens);
    uint32_t first[2] = {UINT32_MAX, UINT32_MAX};
    SUCCEED(hr_generation_get_tokens(generation, first, 1, &count));
    EXPECT(count == summary.generated_tokens);
    EXPECT(first[0] == tokens[0] && first[1] == UINT32_MAX);
    SUCCEED(hr_generation_get_tokens(generation, NULL, 0, &count));
    SUCCEED(hr_generation_free(generation));
}

struct heard {
    char text[4096];
    int ends;
    int prefills;
};

static int32_t on_event(void *user_data, const hr_event *event) {
    struct heard *heard = user_data;
    EXPECT(event->size == sizeof *event);
    heard->ends += event->kind == HR_EVENT_END;
    if (event->kind == HR_EVENT_PREFILL) {
        heard->prefills += 1;
        EXPECT(event->done_tokens > 0 && event->done_tokens <= event->total_tokens);
    }
    if (event->kind == HR_EVENT_TEXT) {
        const char *piece = NULL;
        size_t length = 0;
        SUCCEED(hr_string_get(event->text, &piece, &length));
        strncat(heard->text, piece, sizeof heard->text - strlen(heard->text) - 1);
    }
    return 0;
}

static void a_callback_hears_what_pulling_gives(void) {
    hr_generate_parameters parameters = short_answer(24);
    parameters.temperature = 0.8f;
    parameters.prefill_step = 4;
    hr_generation generation = 0;
    SUCCEED(hr_generate(model, PROMPT, strlen(PROMPT), &parameters, &generation));
    char pulled[4096] = "";
    EXPECT(pull_to_end(generation, pulled, sizeof pulled) == HR_OK);
    SUCCEED(hr_generation_free(generation));

    struct heard heard = {"", 0, 0};
    hr_generation_summary summary = {.size = sizeof summary};
    SUCCEED(hr_generate_with_callback(model, PROMPT, strlen(PROMPT), &parameters, on_event, &heard,
                                      &summary));
    EXPECT(heard.ends == 1);
    EXPECT(heard.prefills > 1);
    EXPECT(strcmp(heard.text, pulled) == 0);
    EXPECT(summary.generated_tokens > 0);

    struct heard again = {"", 0, 0};
    SUCCEED(hr_generate(model, PROMPT, strlen(PROMPT), &parameters, &generation));
    SUCCEED(hr_generation_run(generation, on_event, &again));
    EXPECT(again.ends == 1 && strcmp(again.text, pulled) == 0);
    SUCCEED(hr_generation_free(generation));
}

static void a_stop_text_ends_the_answer(void) {
    hr_generate_parameters parameters = short_answer(200);
    const char *const stop[] = {"never in any answer", "."};
    const size_t lengths[] = {19, 1};
    parameters.stop = stop;
    parameters.stop_lengths = lengths;
    parameters.stop_count = 2;
    struct heard heard = {"", 0, 0};
    hr_generation_summary summary = {.size = sizeof summary};
    SUCCEED(hr_generate_with_callback(model, PROMPT, strlen(PROMPT), &parameters, on_event, &heard,
                                      &summary));
    EXPECT(summary.stop_reason == HR_STOP_REASON_STOP);
    EXPECT(strlen(heard.text) > 0 && strchr(heard.text, '.') == NULL);
}

static void expect_message(hr_session session, size_t index, hr_role role, const char *content) {
    hr_role found = HR_ROLE_ASSISTANT;
    hr_string string = 0;
    const char *text = "";
    size_t length = 0;
    if (SUCCEED(hr_session_get_message(session, index, &found, &string))) {
        SUCCEED(hr_string_get(string, &text, &length));
        EXPECT(found == role);
        EXPECT(content == NULL || strcmp(text, content) == 0);
        SUCCEED(hr_string_free(string));
    }
}

static void a_session_remembers(void) {
    hr_generate_parameters parameters = short_answer(12);
    const char *instructions = "Tell short stories.";
    hr_session session = 0;
    SUCCEED(hr_session_create(model, instructions, strlen(instructions), &parameters, &session));
    const char *questions[] = {"Tell me about a cat.", "And about a dog."};
    for (size_t turn = 0; turn < 2; turn += 1) {
        hr_generation generation = 0;
        SUCCEED(hr_session_respond(session, questions[turn], strlen(questions[turn]), &generation));
        EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
        SUCCEED(hr_generation_free(generation));
    }
    size_t count = 0;
    SUCCEED(hr_session_count_messages(session, &count));
    EXPECT(count == 5);
    expect_message(session, 0, HR_ROLE_SYSTEM, instructions);
    expect_message(session, 1, HR_ROLE_USER, questions[0]);
    expect_message(session, 2, HR_ROLE_ASSISTANT, NULL);
    expect_message(session, 3, HR_ROLE_USER, questions[1]);
    SUCCEED(hr_session_reset(session));
    SUCCEED(hr_session_count_messages(session, &count));
    EXPECT(count == 1);
    SUCCEED(hr_session_free(session));
}

static hr_message message(hr_role role, const char *content) {
    hr_message message = {
        .size = sizeof message,
        .role = (uint64_t)role,
        .content = content,
        .content_length = strlen(content),
    };
    return message;
}

static void a_conversation_equals_a_session(void) {
    hr_generate_parameters parameters = short_answer(12);
    const hr_message messages[] = {message(HR_ROLE_SYSTEM, "Be kind."),
                                   message(HR_ROLE_USER, "Tell me about a cat.")};
    hr_generation generation = 0;
    char from_messages[1024] = "";
    SUCCEED(hr_generate_chat(model, messages, 2, &parameters, &generation));
    EXPECT(pull_to_end(generation, from_messages, sizeof from_messages) == HR_OK);
    SUCCEED(hr_generation_free(generation));

    hr_session session = 0;
    char from_session[1024] = "";
    SUCCEED(hr_session_create(model, "Be kind.", 8, &parameters, &session));
    SUCCEED(hr_session_respond(session, "Tell me about a cat.", 20, &generation));
    EXPECT(pull_to_end(generation, from_session, sizeof from_session) == HR_OK);
    SUCCEED(hr_generation_free(generation));
    SUCCEED(hr_session_free(session));
    EXPECT(strlen(from_messages) > 0 && strcmp(from_messages, from_session) == 0);
}

// The weights leave on MLX's own thread, a moment after the last handle.
static void freeing_gives_the_memory_back(void) {
    hr_memory_state before = {.size = sizeof before};
    SUCCEED(hr_memory_get_state(&before));
    SUCCEED(hr_model_free(model));
    hr_memory_state after = {.size = sizeof after};
    for (int wait = 0; wait < 200; wait += 1) {
        SUCCEED(hr_memory_get_state(&after));
        if (after.mlx_active_bytes < before.mlx_active_bytes / 10) {
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    EXPECT(before.mlx_active_bytes > 1000000);
    EXPECT(after.mlx_active_bytes < before.mlx_active_bytes / 10);
}

int main(int argument_count, char **arguments) {
    begin(argument_count, arguments);
    RUN(loads_with_progress);
    RUN(tells_about_the_model);
    RUN(tells_about_memory);
    RUN(streams_an_answer_and_its_figures);
    RUN(a_callback_hears_what_pulling_gives);
    RUN(a_stop_text_ends_the_answer);
    RUN(a_session_remembers);
    RUN(a_conversation_equals_a_session);
    RUN(freeing_gives_the_memory_back);
    return failed_tests > 0;
}
