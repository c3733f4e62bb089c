// How a host tells `cargo xtask abi` what it found: one line per test, and a time limit, because a
// deadlock is a failure too.
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "headroom.h"

static int failures_of_this_test = 0;
static int failed_tests = 0;

// Says what does not hold, and goes on.
#define EXPECT(condition)                                                        \
    do {                                                                         \
        if (!(condition)) {                                                      \
            failures_of_this_test += 1;                                          \
            printf("    %s:%d: %s\n", __FILE__, __LINE__, #condition);           \
        }                                                                        \
    } while (0)

// A call that must succeed.
#define SUCCEED(call) expect_code((call), HR_OK, __FILE__, __LINE__, #call)

// A call that must fail with this code, and say something.
#define REFUSE(code, call) expect_code((call), (code), __FILE__, __LINE__, #call)

static inline int expect_code(hr_error *error, hr_code code, const char *file, int line,
                              const char *call) {
    hr_code found = hr_error_code(error);
    if (found != code || (error != NULL) != (code != HR_OK) || *hr_error_message(error) == '\0') {
        failures_of_this_test += 1;
        printf("    %s:%d: %s gave %d (%s), not %d\n", file, line, call, (int)found,
               hr_error_message(error), (int)code);
    }
    hr_error_free(error);
    return found == code;
}

static inline void run_test(const char *name, void (*test)(void)) {
    failures_of_this_test = 0;
    test();
    failed_tests += failures_of_this_test > 0;
    printf("%s: %s\n", failures_of_this_test > 0 ? "failed" : "passed", name);
    fflush(stdout);
}

#define RUN(test) run_test(#test, test)

// The directory of the model that ships with the repository.
static const char *model_directory = NULL;

static inline void begin(int argument_count, char **arguments) {
    if (argument_count != 2) {
        fprintf(stderr, "usage: %s MODEL_DIRECTORY\n", arguments[0]);
        exit(2);
    }
    model_directory = arguments[1];
    alarm(600);
}

static inline hr_model load_model(void) {
    hr_model model = 0;
    SUCCEED(hr_model_load(model_directory, strlen(model_directory), NULL, NULL, &model));
    return model;
}

// Defaults, but few tokens and a seed.
static inline hr_generate_parameters short_answer(uint32_t max_tokens) {
    hr_generate_parameters parameters;
    memset(&parameters, 0, sizeof parameters);
    parameters.size = sizeof parameters;
    SUCCEED(hr_generate_parameters_init(&parameters));
    parameters.max_tokens = max_tokens;
    parameters.seed = 7;
    parameters.has_seed = 1;
    return parameters;
}

static inline hr_event empty_event(void) {
    hr_event event;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    return event;
}

// Pulls events up to the last, and adds the answer to `text` where there is one.
static inline hr_code pull_to_end(hr_generation generation, char *text, size_t capacity) {
    for (;;) {
        hr_event event = empty_event();
        hr_error *error = hr_generation_next(generation, &event);
        if (error != NULL) {
            hr_code code = hr_error_code(error);
            hr_error_free(error);
            return code;
        }
        if (event.kind == HR_EVENT_END) {
            return HR_OK;
        }
        if (event.text == 0) {
            continue;
        }
        const char *piece = NULL;
        size_t length = 0;
        SUCCEED(hr_string_get(event.text, &piece, &length));
        EXPECT(strlen(piece) <= length);
        if (event.kind == HR_EVENT_TEXT && text != NULL && strlen(text) + length < capacity) {
            strncat(text, piece, length);
        }
        SUCCEED(hr_string_free(event.text));
    }
}

// Copies a string of the library's and frees it.
static inline void take_string(hr_string string, char *text, size_t capacity) {
    const char *held = "";
    size_t length = 0;
    SUCCEED(hr_string_get(string, &held, &length));
    EXPECT(strlen(held) == length);
    snprintf(text, capacity, "%s", held);
    SUCCEED(hr_string_free(string));
}

#endif
