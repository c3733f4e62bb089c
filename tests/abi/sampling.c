// How tokens are chosen and what an answer must look like, from C.

#include "check.h"

#include <math.h>

#define PROMPT "Once upon a time, there was a little fox"
#define SCHEMA "{\"enum\": [\"fox\", \"owl\"]}"

static hr_model model = 0;

// The answer under these parameters, and the handle that still tells about it.
static hr_generation answer_of(const hr_generate_parameters *parameters, char *text, size_t capacity) {
    hr_generation generation = 0;
    text[0] = '\0';
    SUCCEED(hr_generate(model, PROMPT, strlen(PROMPT), parameters, &generation));
    EXPECT(pull_to_end(generation, text, capacity) == HR_OK);
    return generation;
}

static hr_generate_parameters constrained(uint32_t kind, const char *text) {
    hr_generate_parameters parameters = short_answer(40);
    parameters.temperature = 1;
    parameters.constraint_kind = kind;
    parameters.constraint = text;
    parameters.constraint_length = strlen(text);
    return parameters;
}

static void an_answer_keeps_to_a_schema(void) {
    hr_generate_parameters parameters = constrained(HR_CONSTRAINT_JSON_SCHEMA, SCHEMA);
    char text[256];
    SUCCEED(hr_generation_free(answer_of(&parameters, text, sizeof text)));
    EXPECT(strcmp(text, "\"fox\"") == 0 || strcmp(text, "\"owl\"") == 0);
}

static void an_answer_matches_a_pattern(void) {
    hr_generate_parameters parameters = constrained(HR_CONSTRAINT_REGEX, "[0-9]{4}");
    char text[256];
    hr_generation generation = answer_of(&parameters, text, sizeof text);
    EXPECT(strlen(text) == 4 && strspn(text, "0123456789") == 4);
    hr_generation_summary summary = {.size = sizeof summary};
    SUCCEED(hr_generation_get_summary(generation, &summary));
    EXPECT(summary.stop_reason == HR_STOP_REASON_STOP);
    SUCCEED(hr_generation_free(generation));
}

static void a_constraint_that_cannot_be_used_is_refused_and_the_model_goes_on(void) {
    hr_generation generation = 0;
    hr_generate_parameters wrong = constrained(HR_CONSTRAINT_REGEX, "(");
    REFUSE(HR_INVALID_CONSTRAINT, hr_generate(model, PROMPT, 4, &wrong, &generation));
    wrong = constrained(HR_CONSTRAINT_JSON_SCHEMA, "{\"type\": \"nothing\"}");
    REFUSE(HR_INVALID_CONSTRAINT, hr_generate(model, PROMPT, 4, &wrong, &generation));
    wrong = constrained(3, "a");
    REFUSE(HR_INVALID_PARAMETER, hr_generate(model, PROMPT, 4, &wrong, &generation));
    wrong = constrained(HR_CONSTRAINT_REGEX, "\xff");
    REFUSE(HR_INVALID_UTF8, hr_generate(model, PROMPT, 4, &wrong, &generation));
    EXPECT(generation == 0);
    an_answer_matches_a_pattern();
}

static void log_probabilities_are_told_token_by_token(void) {
    hr_generate_parameters parameters = short_answer(3);
    parameters.has_logprobs = 1;
    parameters.top_logprobs = 4;
    char text[256];
    hr_generation generation = answer_of(&parameters, text, sizeof text);
    uint32_t tokens[3] = {0, 0, 0};
    size_t tokens_count = 0;
    SUCCEED(hr_generation_get_tokens(generation, tokens, 3, &tokens_count));
    hr_token_logprob chosen = {0, 0};
    hr_token_logprob top[4];
    size_t count = 0;
    for (size_t index = 0; index < tokens_count; index += 1) {
        SUCCEED(hr_generation_get_logprobs(generation, index, &chosen, top, 4, &count));
        EXPECT(count == 4 && chosen.token == tokens[index]);
        EXPECT(chosen.logprob <= 0 && isfinite(chosen.logprob));
        // The greedy choice is the likeliest.
        EXPECT(top[0].token == chosen.token && top[0].logprob >= top[1].logprob);
        EXPECT(top[1].logprob >= top[2].logprob && top[2].logprob >= top[3].logprob);
    }
    SUCCEED(hr_generation_get_logprobs(generation, 0, &chosen, NULL, 0, &count));
    EXPECT(count == 4);
    hr_token_logprob untouched[2] = {{7, 7}, {7, 7}};
    SUCCEED(hr_generation_get_logprobs(generation, 0, &chosen, untouched, 1, &count));
    EXPECT(untouched[0].token == tokens[0] && untouched[1].token == 7);
    REFUSE(HR_INVALID_PARAMETER,
           hr_generation_get_logprobs(generation, tokens_count, &chosen, top, 4, &count));
    REFUSE(HR_NULL_POINTER, hr_generation_get_logprobs(generation, 0, NULL, top, 4, &count));
    REFUSE(HR_NULL_POINTER, hr_generation_get_logprobs(generation, 0, &chosen, NULL, 4, &count));
    REFUSE(HR_NULL_POINTER, hr_generation_get_logprobs(generation, 0, &chosen, top, 4, NULL));
    SUCCEED(hr_generation_free(generation));
}

static void none_were_kept_unless_asked_for(void) {
    hr_generate_parameters parameters = short_answer(2);
    char text[256];
    hr_generation generation = answer_of(&parameters, text, sizeof text);
    hr_token_logprob chosen = {0, 0};
    size_t count = 0;
    REFUSE(HR_INVALID_PARAMETER,
           hr_generation_get_logprobs(generation, 0, &chosen, NULL, 0, &count));
    SUCCEED(hr_generation_free(generation));
}

static void biases_and_penalties_change_the_tokens(void) {
    const hr_token_bias biases[2] = {{40, 100}, {41, -100}};
    hr_generate_parameters parameters = short_answer(4);
    parameters.logit_bias = biases;
    parameters.logit_bias_count = 2;
    char text[256];
    uint32_t tokens[4] = {0, 0, 0, 0};
    size_t count = 0;
    hr_generation generation = answer_of(&parameters, text, sizeof text);
    SUCCEED(hr_generation_get_tokens(generation, tokens, 4, &count));
    EXPECT(count == 4 && tokens[0] == 40 && tokens[3] == 40);
    SUCCEED(hr_generation_free(generation));

    parameters.frequency_penalty = 100;
    generation = answer_of(&parameters, text, sizeof text);
    SUCCEED(hr_generation_get_tokens(generation, tokens, 4, &count));
    EXPECT(tokens[0] == 40 && tokens[1] != 40);
    SUCCEED(hr_generation_free(generation));
}

static void what_cannot_be_meant_is_refused(void) {
    const hr_token_bias beyond = {1000000, 1};
    hr_generation generation = 0;
    hr_generate_parameters parameters = short_answer(4);
    parameters.logit_bias = &beyond;
    parameters.logit_bias_count = 1;
    REFUSE(HR_INVALID_PARAMETER, hr_generate(model, PROMPT, 4, &parameters, &generation));
    parameters = short_answer(4);
    parameters.min_tokens = 5;
    REFUSE(HR_INVALID_PARAMETER, hr_generate(model, PROMPT, 4, &parameters, &generation));
    parameters = short_answer(4);
    parameters.has_logprobs = 1;
    parameters.top_logprobs = 21;
    REFUSE(HR_INVALID_PARAMETER, hr_generate(model, PROMPT, 4, &parameters, &generation));
    parameters = short_answer(4);
    parameters.presence_penalty = NAN;
    REFUSE(HR_INVALID_PARAMETER, hr_generate(model, PROMPT, 4, &parameters, &generation));
    EXPECT(generation == 0);
}

int main(int argument_count, char **arguments) {
    begin(argument_count, arguments);
    model = load_model();
    RUN(an_answer_keeps_to_a_schema);
    RUN(an_answer_matches_a_pattern);
    RUN(a_constraint_that_cannot_be_used_is_refused_and_the_model_goes_on);
    RUN(log_probabilities_are_told_token_by_token);
    RUN(none_were_kept_unless_asked_for);
    RUN(biases_and_penalties_change_the_tokens);
    RUN(what_cannot_be_meant_is_refused);
    SUCCEED(hr_model_free(model));
    return failed_tests > 0;
}
