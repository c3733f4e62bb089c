// Bounding memory from C: limits, the host's own maximum, the system's signal, options of the KV
// cache, and the events that tell about them.

#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <math.h>

#define PROMPT "Once upon a time, there was a little fox"
#define UNTOUCHED UINT64_C(0x5555555555555555)
#define MEBIBYTE (UINT64_C(1) << 20)

static hr_model model = 0;

static hr_memory_state memory_now(void) {
    hr_memory_state state = {.size = sizeof state};
    SUCCEED(hr_memory_get_state(&state));
    return state;
}

struct heard {
    char text[8192];
    int memories;
    int actions;
    int sentences;
};

static void hear(const hr_event *event, struct heard *heard) {
    char text[512] = "";
    if (event->text != 0) {
        take_string(event->text, text, sizeof text);
    }
    if (event->kind == HR_EVENT_TEXT) {
        strncat(heard->text, text, sizeof heard->text - strlen(heard->text) - 1);
    }
    if (event->kind == HR_EVENT_MEMORY) {
        heard->memories += 1;
        EXPECT(event->used_bytes != HR_UNKNOWN && event->mlx_active_bytes > 1000000);
        EXPECT(event->action == HR_ACTION_NONE && event->freed_bytes == HR_UNKNOWN);
    }
    if (event->kind == HR_EVENT_ACTION) {
        heard->actions += 1;
        heard->sentences += strlen(text) > 0;
        EXPECT(event->action >= HR_ACTION_SHRINK_CACHE);
        EXPECT(event->action <= HR_ACTION_RESTORE_PREFILL_STEP);
    }
}

// Generates to the end and tells what came on the way.
static hr_generation_summary generate(const hr_generate_parameters *parameters,
                                      struct heard *heard) {
    hr_generation generation = 0;
    hr_generation_summary summary = {.size = sizeof summary};
    memset(heard, 0, sizeof *heard);
    if (!SUCCEED(hr_generate(model, PROMPT, strlen(PROMPT), parameters, &generation))) {
        return summary;
    }
    hr_event event = empty_event();
    while (SUCCEED(hr_generation_next(generation, &event)) && event.kind != HR_EVENT_END) {
        hear(&event, heard);
        event = empty_event();
    }
    SUCCEED(hr_generation_get_summary(generation, &summary));
    EXPECT(summary.action_count == (uint64_t)heard->actions);
    SUCCEED(hr_generation_free(generation));
    return summary;
}

static void the_model_loads(void) {
    model = load_model();
    EXPECT(model != 0);
}

static void limits_follow_the_strategy_and_never_those_set_before(void) {
    hr_allocator_limits limits[3] = {{.size = sizeof limits[0]},
                                     {.size = sizeof limits[0]},
                                     {.size = sizeof limits[0]}};
    for (int32_t strategy = HR_STRATEGY_AGGRESSIVE; strategy >= 0; strategy -= 1) {
        for (int round = 0; round < 4; round += 1) {
            SUCCEED(hr_memory_set_adaptive_limits(strategy, &limits[strategy]));
        }
        EXPECT(memory_now().mlx_memory_limit_bytes == limits[strategy].memory_bytes);
        EXPECT(memory_now().mlx_cache_limit_bytes == limits[strategy].cache_bytes);
    }
    EXPECT(limits[HR_STRATEGY_AGGRESSIVE].memory_bytes < limits[HR_STRATEGY_BALANCED].memory_bytes);
    EXPECT(limits[HR_STRATEGY_BALANCED].memory_bytes <
           limits[HR_STRATEGY_CONSERVATIVE].memory_bytes);
    SUCCEED(hr_memory_set_adaptive_limits(HR_STRATEGY_CONSERVATIVE, NULL));
}

static void a_strategy_that_does_not_exist_changes_nothing(void) {
    hr_allocator_limits limits = {.size = sizeof limits, .memory_bytes = UNTOUCHED};
    uint64_t before = memory_now().mlx_memory_limit_bytes;
    REFUSE(HR_INVALID_PARAMETER, hr_memory_set_adaptive_limits(3, &limits));
    REFUSE(HR_INVALID_PARAMETER, hr_memory_set_adaptive_limits(-1, NULL));
    limits.size = 8;
    REFUSE(HR_INVALID_STRUCT_SIZE, hr_memory_set_adaptive_limits(0, &limits));
    EXPECT(limits.memory_bytes == UNTOUCHED);
    EXPECT(memory_now().mlx_memory_limit_bytes == before);
}

static void a_maximum_holds_until_it_is_lifted(void) {
    hr_memory_state before = memory_now();
    uint64_t max_bytes = before.used_bytes + 64 * MEBIBYTE;
    EXPECT(before.budget_bytes > max_bytes);
    SUCCEED(hr_memory_set_max(max_bytes));
    EXPECT(memory_now().budget_bytes == max_bytes);
    EXPECT(memory_now().available_bytes <= 64 * MEBIBYTE);
    SUCCEED(hr_memory_lift_max());
    SUCCEED(hr_memory_lift_max());
    EXPECT(memory_now().budget_bytes == before.budget_bytes);
}

static void an_impossible_maximum_is_refused_and_changes_nothing(void) {
    uint64_t before = memory_now().budget_bytes;
    REFUSE(HR_INVALID_PARAMETER, hr_memory_set_max(0));
    REFUSE(HR_INVALID_PARAMETER, hr_memory_set_max(1));
    REFUSE(HR_INVALID_PARAMETER, hr_memory_set_max(UINT64_MAX));
    EXPECT(memory_now().budget_bytes == before);
}

static void a_signal_raises_the_pressure_until_it_is_taken_back(void) {
    hr_pressure before = memory_now().pressure;
    SUCCEED(hr_memory_set_signal(HR_PRESSURE_CRITICAL));
    EXPECT(memory_now().pressure == HR_PRESSURE_CRITICAL);
    REFUSE(HR_INVALID_PARAMETER, hr_memory_set_signal(4));
    REFUSE(HR_INVALID_PARAMETER, hr_memory_set_signal(-1));
    EXPECT(memory_now().pressure == HR_PRESSURE_CRITICAL);
    SUCCEED(hr_memory_clear_signal());
    SUCCEED(hr_memory_clear_signal());
    EXPECT(memory_now().pressure == before);
}

static void optimal_parameters_save_memory(void) {
    hr_generate_parameters usual = short_answer(40);
    hr_generate_parameters optimal = {.size = sizeof optimal};
    struct heard heard;
    SUCCEED(hr_generate_parameters_init_optimal(HR_STRATEGY_AGGRESSIVE, &optimal));
    EXPECT(optimal.size == sizeof optimal && optimal.max_tokens == 256);
    EXPECT(optimal.kv_bits == 4 && optimal.max_kv_size > 0);
    EXPECT(optimal.prefill_step < usual.prefill_step);
    optimal.max_tokens = 40;
    uint64_t usual_bytes = generate(&usual, &heard).kv_cache_bytes;
    EXPECT(generate(&optimal, &heard).kv_cache_bytes < usual_bytes / 2);
}

static void optimal_parameters_are_refused_where_they_cannot_be_filled_in(void) {
    hr_generate_parameters parameters = {.size = sizeof parameters, .max_tokens = 99};
    REFUSE(HR_NULL_POINTER, hr_generate_parameters_init_optimal(0, NULL));
    REFUSE(HR_INVALID_PARAMETER, hr_generate_parameters_init_optimal(3, &parameters));
    parameters.size = 16;
    REFUSE(HR_INVALID_STRUCT_SIZE, hr_generate_parameters_init_optimal(0, &parameters));
    EXPECT(parameters.max_tokens == 99);
}

static void fewer_bits_and_fewer_tokens_take_less_memory(void) {
    struct heard heard;
    hr_generate_parameters parameters = short_answer(40);
    uint64_t bytes = generate(&parameters, &heard).kv_cache_bytes;
    const uint32_t bits[] = {16, 8, 4};
    for (size_t index = 0; index < 3; index += 1) {
        parameters.kv_bits = bits[index];
        uint64_t fewer = generate(&parameters, &heard).kv_cache_bytes;
        EXPECT(fewer > 0 && fewer < bytes);
        bytes = fewer;
    }
    parameters = short_answer(200);
    uint64_t whole = generate(&parameters, &heard).kv_cache_bytes;
    parameters.max_kv_size = 32;
    EXPECT(generate(&parameters, &heard).kv_cache_bytes < whole);
}

static void options_out_of_range_are_refused(void) {
    hr_generation generation = UNTOUCHED;
    hr_generate_parameters wrong[6];
    for (size_t index = 0; index < 6; index += 1) {
        wrong[index] = short_answer(4);
    }
    wrong[0].kv_bits = 5;
    wrong[1].kv_bits = 256 + 4;
    wrong[2].kv_bits = 4;
    wrong[2].kv_group_size = 16;
    wrong[3].max_kv_size = 7;
    wrong[4].is_governed = 2;
    wrong[5].is_governed = UINT32_MAX;
    for (size_t index = 0; index < 6; index += 1) {
        REFUSE(HR_INVALID_PARAMETER, hr_generate(model, PROMPT, 4, &wrong[index], &generation));
    }
    EXPECT(generation == UNTOUCHED);
}

// A host that was built with the first header knows neither the options nor the new events' fields.
static void a_host_of_the_first_version_still_works(void) {
    hr_generate_parameters parameters = short_answer(8);
    parameters.size = offsetof(hr_generate_parameters, max_kv_size);
    memset(&parameters.max_kv_size, 0xff, sizeof parameters - parameters.size);
    hr_generation generation = 0;
    SUCCEED(hr_generate(model, PROMPT, strlen(PROMPT), &parameters, &generation));
    hr_event event = empty_event();
    event.size = offsetof(hr_event, action);
    event.action_value = UNTOUCHED;
    while (SUCCEED(hr_generation_next(generation, &event)) && event.kind != HR_EVENT_END) {
        EXPECT(event.size == offsetof(hr_event, action));
        if (event.text != 0) {
            SUCCEED(hr_string_free(event.text));
        }
    }
    EXPECT(event.action_value == UNTOUCHED);
    hr_generation_summary summary = {.size = offsetof(hr_generation_summary,
                                                      predicted_peak_mlx_bytes),
                                     .action_count = UNTOUCHED};
    SUCCEED(hr_generation_get_summary(generation, &summary));
    EXPECT(summary.generated_tokens > 0 && summary.action_count == UNTOUCHED);
    SUCCEED(hr_generation_free(generation));
}

static void memory_is_told_as_often_as_asked(void) {
    struct heard heard;
    hr_generate_parameters parameters = short_answer(20);
    generate(&parameters, &heard);
    EXPECT(heard.memories == 0);
    parameters.monitor_interval = 5;
    hr_generation_summary summary = generate(&parameters, &heard);
    EXPECT(heard.memories == (int)(summary.generated_tokens / 5));
    EXPECT(summary.predicted_peak_mlx_bytes > 1000000);
}

static void a_warning_makes_the_governor_act_and_say_so(void) {
    struct heard heard;
    hr_generate_parameters parameters = short_answer(200);
    SUCCEED(hr_memory_set_signal(HR_PRESSURE_CRITICAL));
    hr_generation_summary summary = generate(&parameters, &heard);
    EXPECT(heard.actions > 0 && heard.sentences == heard.actions);
    EXPECT(summary.stop_reason == HR_STOP_REASON_LENGTH ||
           summary.stop_reason == HR_STOP_REASON_STOP);
    parameters.is_governed = 0;
    generate(&parameters, &heard);
    EXPECT(heard.actions == 0);
    SUCCEED(hr_memory_clear_signal());
}

static void where_nothing_is_left_the_generation_ends_with_reason_memory(void) {
    struct heard heard;
    hr_generate_parameters parameters = short_answer(900);
    SUCCEED(hr_memory_set_max(memory_now().used_bytes + 65536));
    hr_generation_summary summary = generate(&parameters, &heard);
    SUCCEED(hr_memory_lift_max());
    EXPECT(summary.stop_reason == HR_STOP_REASON_MEMORY);
    EXPECT(heard.actions > 0);
    parameters.max_tokens = 4;
    EXPECT(generate(&parameters, &heard).stop_reason != HR_STOP_REASON_MEMORY);
}

static void the_model_is_freed_at_last(void) {
    SUCCEED(hr_model_free(model));
}

int main(int argument_count, char **arguments) {
    begin(argument_count, arguments);
    RUN(the_model_loads);
    RUN(limits_follow_the_strategy_and_never_those_set_before);
    RUN(a_strategy_that_does_not_exist_changes_nothing);
    RUN(a_maximum_holds_until_it_is_lifted);
    RUN(an_impossible_maximum_is_refused_and_changes_nothing);
    RUN(a_signal_raises_the_pressure_until_it_is_taken_back);
    RUN(optimal_parameters_save_memory);
    RUN(optimal_parameters_are_refused_where_they_cannot_be_filled_in);
    RUN(fewer_bits_and_fewer_tokens_take_less_memory);
    RUN(options_out_of_range_are_refused);
    RUN(a_host_of_the_first_version_still_works);
    RUN(memory_is_told_as_often_as_asked);
    RUN(a_warning_makes_the_governor_act_and_say_so);
    RUN(where_nothing_is_left_the_generation_ends_with_reason_memory);
    RUN(the_model_is_freed_at_last);
    return failed_tests > 0;
}
