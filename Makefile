# The front door. Every target says what it does and skips what is done.

CARGO := $(shell command -v cargo 2>/dev/null || echo $(HOME)/.cargo/bin/cargo)
HEADROOM := target/release/headroom
MODEL ?= assets/storyteller
PROMPT ?= Tell me a story about a fox.
OUTPUT ?= target/$(notdir $(MODEL))-quantized

# Training: what, for how long, on what, and where it goes. Stories are written where no data is given.
DEPTH ?= 12
STEPS ?=
SAVE_EVERY ?=
STORIES := target/stories
DATA ?= $(STORIES)
RUN ?= target/train
QUICK := target/train-quick

# A run that was stopped goes on.
TRAIN = $(HEADROOM) train base --depth $(DEPTH) --data $(DATA) --output $(RUN) \
	$(if $(STEPS),--num-iterations $(STEPS)) $(if $(SAVE_EVERY),--save-every $(SAVE_EVERY)) \
	$(if $(wildcard $(RUN)/checkpoints/step-*),--resume)

.PHONY: help setup build demo test bench survival memory-info monitor-memory train train-low-memory train-ultra-low \
	train-profile train-quick quantize quantize-8bit chat chat-quantized golden header swift-glue xcframework clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

setup: ## Install or fetch what this machine lacks
	@$(CARGO) --version >/dev/null 2>&1 || { echo "error: Rust is missing; install it with rustup and run this again" >&2; exit 1; }
	@$(CARGO) xtask setup

build: setup ## Build the headroom command
	@echo "==> Building the headroom command"
	@$(CARGO) build --quiet --release --locked --package headroom-cli

demo: build ## Show this machine's memory and let the shipped model tell a story
	@echo "==> The memory of this machine, as this process sees it"
	@$(HEADROOM) memory
	@echo "==> $(MODEL), asked: $(PROMPT)"
	@$(HEADROOM) generate --model $(MODEL) --prompt "$(PROMPT)" --memory-stats

test: setup ## Run every test: Rust, C, Swift, golden logits, Apple type check
	@$(CARGO) xtask test

bench: setup ## Measure strategies, governor and predictions, then everything beside mlx-lm
	@$(CARGO) xtask bench

survival: setup ## Generate inside limits that the kernel enforces (on Linux)
	@$(CARGO) xtask survival

memory-info: build ## Show this machine's memory
	@$(HEADROOM) memory

monitor-memory: build ## Watch this machine's memory, and the training run in RUN where there is one
	@$(HEADROOM) memory --watch --run $(RUN)

$(STORIES):
	@echo "==> Writing stories to train on"
	@python3 assets/make/stories.py --output $@.new --documents 20000 --seed 1 && mv $@.new $@

train: build $(filter $(STORIES),$(DATA)) ## Train a model of DEPTH blocks on DATA for STEPS steps; once more goes on
	@$(TRAIN)

train-low-memory: build $(filter $(STORIES),$(DATA)) ## The same for 16 GiB
	@$(TRAIN) --low-memory

train-ultra-low: build $(filter $(STORIES),$(DATA)) ## The same for 8 GiB
	@$(TRAIN) --ultra-low

train-profile: build $(filter $(STORIES),$(DATA)) ## The same, with what each part of a step takes in time and memory
	@$(TRAIN) --profile

train-quick: build $(STORIES) ## From nothing to a small model that answers, in minutes
	@rm -rf $(QUICK)
	@mkdir -p $(QUICK)
	@echo "==> Learning a tokenizer"
	@$(HEADROOM) train tokenizer --data $(STORIES) --vocab 1024 --output $(QUICK)/tokenizer
	@echo "==> Training a model of 4 blocks on stories"
	@$(HEADROOM) train base --depth 4 --context 256 --device-batch-size 8 --total-batch-size 4096 \
		--data $(STORIES) --tokenizer $(QUICK)/tokenizer --output $(QUICK)/base \
		--num-iterations $(or $(STEPS),400) --eval-every 100 --eval-tokens 20000 --save-every $(or $(SAVE_EVERY),100)
	@echo "==> Tuning it on conversations"
	@python3 assets/make/chats.py --output $(QUICK)/chats.jsonl --conversations 4000 --seed 1
	@$(HEADROOM) train sft --model $(QUICK)/base --data $(QUICK)/chats.jsonl --output $(QUICK)/chat \
		--num-iterations $(or $(STEPS),80) --rows-per-step 16 --device-batch-size 8 --rate-share 0.2 --eval-every 0
	@echo "==> Asking it: $(PROMPT)"
	@$(HEADROOM) generate --model $(QUICK)/chat --prompt "$(PROMPT)" --max-tokens 200

quantize: build ## Write MODEL with 4 bits for each weight to OUTPUT
	@$(HEADROOM) quantize --model $(MODEL) --bits 4 --output $(OUTPUT)

quantize-8bit: build ## Write MODEL with 8 bits for each weight to OUTPUT
	@$(HEADROOM) quantize --model $(MODEL) --bits 8 --output $(OUTPUT)

chat: build ## Hold a conversation with MODEL
	@$(HEADROOM) chat --model $(MODEL)

chat-quantized: build ## Hold a conversation with OUTPUT, made of MODEL with 8 bits where it is not there
	@test -d $(OUTPUT) || $(HEADROOM) quantize --model $(MODEL) --bits 8 --output $(OUTPUT)
	@$(HEADROOM) chat --model $(OUTPUT)

golden: ## Make the golden logits again with the pinned mlx-lm
	@test -d target/golden || python3 -m venv target/golden
	@target/golden/bin/pip install --quiet --requirement tests/golden/requirements.txt
	@target/golden/bin/python tests/golden/make.py
	@target/golden/bin/python tests/golden/make_sampling.py
	@target/golden/bin/python tests/golden/make_training.py > /dev/null

header: setup ## Generate include/headroom.h
	@$(CARGO) xtask header

swift-glue: setup ## Generate the Swift side of the bridge
	@$(CARGO) xtask swift-glue

xcframework: setup ## Build Headroom.xcframework (on a Mac)
	@$(CARGO) xtask xcframework

clean: ## Remove everything that was built
	@rm -rf target .build
