# The front door. Every target says what it does and skips what is done.

CARGO := $(shell command -v cargo 2>/dev/null || echo $(HOME)/.cargo/bin/cargo)
HEADROOM := target/release/headroom
PYTHON ?= python3
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
SHIPPED := target/shipped-model
SHIPPED_TO ?= assets/storyteller

# A run that was stopped goes on.
TRAIN = $(HEADROOM) train base --depth $(DEPTH) --data $(DATA) --output $(RUN) \
	$(if $(STEPS),--num-iterations $(STEPS)) $(if $(SAVE_EVERY),--save-every $(SAVE_EVERY)) \
	$(if $(wildcard $(RUN)/checkpoints/step-*),--resume)

.PHONY: help setup build demo test bench survival memory-info monitor-memory train train-low-memory train-ultra-low \
	train-profile train-quick shipped-model quantize quantize-8bit chat chat-quantized golden header swift-glue xcframework clean

help: ## Show what there is
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

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
	@$(PYTHON) assets/make/stories.py --output $@.new --documents 20000 --seed 1 && mv $@.new $@

train: build $(filter $(STORIES),$(DATA)) ## Train a model of DEPTH blocks on DATA for STEPS steps; once more goes on
	@$(TRAIN)

train-low-memory: build $(filter $(STORIES),$(DATA)) ## The same for 16 GiB
	@$(TRAIN) --low-memory

train-ultra-low: build $(filter $(STORIES),$(DATA)) ## The same for 8 GiB
	@$(TRAIN) --ultra-low

train-profile: build $(filter $(STORIES),$(DATA)) ## The same, with what each part of a step takes in time and memory
	@$(TRAIN) --profile

# From nothing to a model that answers. $(1): the folder of assets/make that says how; $(2): tokens of its
# tokenizer; $(3): how many stories and as many conversations; $(4): where everything goes. What was
# stopped goes on.
define learn_to_talk
	@mkdir -p $(4)
	@echo "==> Writing stories and conversations"
	@test -d $(4)/stories || { $(PYTHON) assets/make/stories.py --output $(4)/stories.new --documents $(3) --seed 1 && \
		mv $(4)/stories.new $(4)/stories; }
	@test -f $(4)/chats.jsonl || { $(PYTHON) assets/make/chats.py --output $(4)/chats.new --conversations $(3) --seed 1 && \
		mv $(4)/chats.new $(4)/chats.jsonl; }
	@echo "==> Learning a tokenizer"
	@test -f $(4)/tokenizer/tokenizer.json || $(HEADROOM) train tokenizer --data $(4)/stories --vocab $(2) --output $(4)/tokenizer
	@echo "==> Training a model on stories"
	@$(HEADROOM) train base --config assets/make/$(1)/base.toml --data $(4)/stories --tokenizer $(4)/tokenizer \
		--output $(4)/base $(SHORTER) $$(test -d $(4)/base/checkpoints && echo --resume)
	@echo "==> Tuning it on conversations"
	@$(HEADROOM) train sft --config assets/make/$(1)/sft.toml --model $(4)/base --data $(4)/chats.jsonl \
		--output $(4)/chat $(SHORTER) $$(test -d $(4)/chat/checkpoints && echo --resume)
endef

SHORTER = $(if $(STEPS),--num-iterations $(STEPS)) $(if $(SAVE_EVERY),--save-every $(SAVE_EVERY))

train-quick: build ## From nothing to a small model that answers, in minutes
	@rm -rf $(QUICK)
	$(call learn_to_talk,quick,2048,10000,$(QUICK))
	@echo "==> Asking it: $(PROMPT)"
	@$(HEADROOM) generate --model $(QUICK)/chat --prompt "$(PROMPT)" --max-tokens 400

shipped-model: build ## Make the shipped model again, which takes an hour or so; `rm -rf target/shipped-model` begins anew
	$(call learn_to_talk,shipped,3072,60000,$(SHIPPED))
	@$(PYTHON) assets/make/sample.py --stories $(SHIPPED)/stories --output $(SHIPPED)/sample.txt
	@echo "==> Rounding it to 4 bits"
	@rm -rf $(SHIPPED)/quantized
	@$(HEADROOM) quantize --model $(SHIPPED)/chat --bits 4 --dtype bfloat16 --evaluate $(SHIPPED)/sample.txt --output $(SHIPPED)/quantized
	@rm -rf $(SHIPPED_TO)
	@cp -r $(SHIPPED)/quantized $(SHIPPED_TO)

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
