// A process that ends while a generation is under way, or right after one was freed, ends cleanly:
// MLX works on a thread of its own, and `exit` must not pull its statics away from under it.

#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <sys/wait.h>

enum { ROUNDS = 25 };

// Only a child calls the library, so that every round has its own.
static int leave_midway(int frees_first) {
    hr_model model = load_model();
    hr_generate_parameters parameters = short_answer(900);
    hr_generation generation = 0;
    hr_event event = empty_event();
    SUCCEED(hr_generate(model, "Once upon a time", 16, &parameters, &generation));
    SUCCEED(hr_generation_next(generation, &event));
    SUCCEED(hr_generation_next(generation, &event));
    if (frees_first) {
        SUCCEED(hr_generation_free(generation));
        SUCCEED(hr_model_free(model));
    }
    return failures_of_this_test > 0;
}

static void expect_clean_ends(int frees_first) {
    fflush(stdout);
    for (int round = 0; round < ROUNDS; round += 1) {
        pid_t child = fork();
        EXPECT(child >= 0);
        if (child == 0) {
            alarm(60);
            exit(leave_midway(frees_first));
        }
        int status = -1;
        EXPECT(waitpid(child, &status, 0) == child);
        EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

static void leaving_midway_is_clean(void) {
    expect_clean_ends(0);
}

static void leaving_right_after_the_frees_is_clean(void) {
    expect_clean_ends(1);
}

int main(int argument_count, char **arguments) {
    begin(argument_count, arguments);
    RUN(leaving_midway_is_clean);
    RUN(leaving_right_after_the_frees_is_clean);
    return failed_tests > 0;
}
