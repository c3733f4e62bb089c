// Pausing from C: a paused generation rests, goes on as if nothing had been, and can be ended.

#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <math.h>
#include <pthread.h>

#define PROMPT "Once upon a time"
#define PATIENCE 30.0

static hr_model model = 0;

static hr_generation start(uint32_t max_tokens) {
    hr_generate_parameters parameters = short_answer(max_tokens);
    hr_generation generation = 0;
    SUCCEED(hr_generate(model, PROMPT, strlen(PROMPT), &parameters, &generation));
    return generation;
}

static void rest(hr_generation generation, int32_t spill) {
    uint32_t is_at_rest = 0;
    SUCCEED(hr_generation_pause(generation, spill, PATIENCE, &is_at_rest));
    EXPECT(is_at_rest == 1);
}

// The first event, which tells that the generation is under way, and its text.
static void pull_one(hr_generation generation, char *text, size_t capacity) {
    hr_event event = empty_event();
    SUCCEED(hr_generation_next(generation, &event));
    EXPECT(event.kind != HR_EVENT_END);
    if (event.text != 0) {
        take_string(event.text, text, capacity);
    }
}

static void the_model_loads(void) {
    model = load_model();
    EXPECT(model != 0);
}

static void a_paused_generation_goes_on_as_if_it_had_not_been(void) {
    char usual[8192] = "";
    hr_generation generation = start(120);
    EXPECT(pull_to_end(generation, usual, sizeof usual) == HR_OK);
    SUCCEED(hr_generation_free(generation));
    const int32_t spills[] = {HR_SPILL_KEEP, HR_SPILL_TO_DISK};
    for (size_t index = 0; index < 2; index += 1) {
        char text[8192] = "";
        generation = start(120);
        pull_one(generation, text, sizeof text);
        rest(generation, spills[index]);
        rest(generation, spills[index]);
        SUCCEED(hr_generation_resume(generation));
        SUCCEED(hr_generation_resume(generation));
        EXPECT(pull_to_end(generation, text, sizeof text) == HR_OK);
        EXPECT(strcmp(text, usual) == 0);
        SUCCEED(hr_generation_free(generation));
    }
}

// What MLX holds while a generation of the same length is paused.
static uint64_t active_bytes_while_paused(int32_t spill) {
    hr_generation generation = start(400);
    char text[512] = "";
    pull_one(generation, text, sizeof text);
    rest(generation, spill);
    hr_memory_state state = {.size = sizeof state};
    SUCCEED(hr_memory_get_state(&state));
    SUCCEED(hr_generation_cancel(generation));
    EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
    SUCCEED(hr_generation_free(generation));
    return state.mlx_active_bytes;
}

static void on_disk_a_cache_takes_no_memory(void) {
    uint64_t kept = active_bytes_while_paused(HR_SPILL_KEEP);
    uint64_t spilled = active_bytes_while_paused(HR_SPILL_TO_DISK);
    printf("    %llu bytes active when kept, %llu when spilled\n", (unsigned long long)kept,
           (unsigned long long)spilled);
    EXPECT(spilled < kept);
}

static void a_paused_generation_leaves_room_for_others(void) {
    hr_generation paused = start(400);
    char text[8192] = "";
    pull_one(paused, text, sizeof text);
    rest(paused, HR_SPILL_KEEP);
    hr_generation other = start(4);
    EXPECT(pull_to_end(other, NULL, 0) == HR_OK);
    SUCCEED(hr_generation_free(other));
    SUCCEED(hr_generation_resume(paused));
    EXPECT(pull_to_end(paused, text, sizeof text) == HR_OK);
    SUCCEED(hr_generation_free(paused));
}

static void a_paused_generation_can_be_cancelled_and_freed(void) {
    hr_generation generation = start(400);
    rest(generation, HR_SPILL_TO_DISK);
    SUCCEED(hr_generation_cancel(generation));
    EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
    hr_generation_summary summary = {.size = sizeof summary};
    SUCCEED(hr_generation_get_summary(generation, &summary));
    EXPECT(summary.stop_reason == HR_STOP_REASON_CANCELLED);
    SUCCEED(hr_generation_free(generation));
    generation = start(400);
    rest(generation, HR_SPILL_KEEP);
    SUCCEED(hr_generation_free(generation));
    REFUSE(HR_INVALID_HANDLE, hr_generation_resume(generation));
}

static void *resume(void *generation) {
    return hr_generation_resume(*(hr_generation *)generation);
}

static void another_thread_resumes_what_this_one_waits_for(void) {
    hr_generation generation = start(60);
    rest(generation, HR_SPILL_KEEP);
    pthread_t thread;
    void *error = NULL;
    EXPECT(pthread_create(&thread, NULL, resume, &generation) == 0);
    EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
    EXPECT(pthread_join(thread, &error) == 0);
    SUCCEED((hr_error *)error);
    SUCCEED(hr_generation_free(generation));
}

static int32_t pause_and_resume(void *user_data, const hr_event *event) {
    hr_generation generation = *(hr_generation *)user_data;
    if (event->kind != HR_EVENT_END) {
        rest(generation, HR_SPILL_KEEP);
        SUCCEED(hr_generation_resume(generation));
    }
    return 0;
}

static void a_callback_may_pause_what_it_hears(void) {
    hr_generation generation = start(12);
    SUCCEED(hr_generation_run(generation, pause_and_resume, &generation));
    SUCCEED(hr_generation_free(generation));
}

static void a_generation_that_has_ended_rests(void) {
    hr_generation generation = start(2);
    EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
    rest(generation, HR_SPILL_KEEP);
    SUCCEED(hr_generation_resume(generation));
    SUCCEED(hr_generation_free(generation));
}

static void misuse_is_refused(void) {
    hr_generation generation = start(2);
    uint32_t untouched = 77;
    REFUSE(HR_NULL_POINTER, hr_generation_pause(generation, HR_SPILL_KEEP, 0, NULL));
    REFUSE(HR_INVALID_PARAMETER, hr_generation_pause(generation, 2, 0, &untouched));
    REFUSE(HR_INVALID_PARAMETER, hr_generation_pause(generation, -1, 0, &untouched));
    REFUSE(HR_INVALID_PARAMETER, hr_generation_pause(generation, 0, -1.0, &untouched));
    REFUSE(HR_INVALID_PARAMETER, hr_generation_pause(generation, 0, NAN, &untouched));
    REFUSE(HR_INVALID_PARAMETER, hr_generation_pause(generation, 0, INFINITY, &untouched));
    const uint64_t invented[] = {0, 1, UINT64_MAX, model};
    for (size_t index = 0; index < 4; index += 1) {
        REFUSE(HR_INVALID_HANDLE, hr_generation_pause(invented[index], 0, 0, &untouched));
        REFUSE(HR_INVALID_HANDLE, hr_generation_resume(invented[index]));
    }
    EXPECT(untouched == 77);
    EXPECT(pull_to_end(generation, NULL, 0) == HR_OK);
    SUCCEED(hr_generation_free(generation));
    REFUSE(HR_INVALID_HANDLE, hr_generation_pause(generation, 0, 0, &untouched));
}

static void the_model_is_freed_at_last(void) {
    SUCCEED(hr_model_free(model));
}

int main(int argument_count, char **arguments) {
    begin(argument_count, arguments);
    RUN(the_model_loads);
    RUN(a_paused_generation_goes_on_as_if_it_had_not_been);
    RUN(on_disk_a_cache_takes_no_memory);
    RUN(a_paused_generation_leaves_room_for_others);
    RUN(a_paused_generation_can_be_cancelled_and_freed);
    RUN(another_thread_resumes_what_this_one_waits_for);
    RUN(a_callback_may_pause_what_it_hears);
    RUN(a_generation_that_has_ended_rests);
    RUN(misuse_is_refused);
    RUN(the_model_is_freed_at_last);
    return failed_tests > 0;
}
