# The front door. Every target says what it does and skips what is done.

CARGO := $(shell command -v cargo 2>/dev/null || echo $(HOME)/.cargo/bin/cargo)
HEADROOM := target/release/headroom
MODEL ?= assets/storyteller
PROMPT ?= Tell me a story about a fox.
OUTPUT ?= target/$(notdir $(MODEL))-quantized

.PHONY: help setup build demo test bench survival memory-info quantize quantize-8bit chat-quantized golden header swift-glue xcframework clean

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

quantize: build ## Write MODEL with 4 bits for each weight to OUTPUT
	@$(HEADROOM) quantize --model $(MODEL) --bits 4 --output $(OUTPUT)

quantize-8bit: build ## Write MODEL with 8 bits for each weight to OUTPUT
	@$(HEADROOM) quantize --model $(MODEL) --bits 8 --output $(OUTPUT)

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
