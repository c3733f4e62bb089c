#!/usr/bin/env python3
"""One generation by mlx-lm, greedy, with the output of `headroom generate`.

    peer.py --model DIRECTORY --max-tokens N < prompt           streams the text
    peer.py --model DIRECTORY --max-tokens N --json < prompt    prints the figures

The prompt is continued as plain text. The figures have the names and meanings of
`headroom generate --json`, so that both can be read by one reader.
"""

import argparse
import ctypes
import json
import os
import re
import sys
import time
from pathlib import Path

import mlx.core as mx
from mlx_lm import load, stream_generate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--max-tokens", type=int, required=True)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    prompt = sys.stdin.read()
    started = time.perf_counter()
    model, tokenizer = load(arguments.model)
    load_seconds = time.perf_counter() - started
    responses = stream_generate(model, tokenizer, prompt, max_tokens=arguments.max_tokens)
    if arguments.json:
        print(json.dumps({"load_seconds": load_seconds, **figures(responses)}))
    else:
        stream(responses)


def stream(responses) -> None:
    for response in responses:
        sys.stdout.write(response.text)
        sys.stdout.flush()
    print()


def figures(responses) -> dict:
    """Decode speed counts from the first token to the last, as headroom counts it; mlx-lm's own
    figure counts the first token too, though prefill made it."""
    times, tokens = [], []
    for response in responses:
        times.append(time.perf_counter())
        tokens.append(response.token)
    decoded = len(tokens) - 1
    return {
        "tokens": tokens,
        "prompt_tokens": response.prompt_tokens,
        "generated_tokens": len(tokens),
        "prompt_tokens_per_second": response.prompt_tps,
        "generation_tokens_per_second": decoded / (times[-1] - times[0]) if decoded else None,
        "peak_mlx_bytes": mx.get_peak_memory(),
        "peak_footprint_bytes": peak_footprint_bytes(),
    }


def peak_footprint_bytes() -> int:
    """Linux: peak resident bytes. Mac: peak physical footprint. What headroom reads, too."""
    if sys.platform == "darwin":
        return peak_physical_footprint_bytes()
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


class ResourceUsage(ctypes.Structure):
    """`struct rusage_info_v4` of <sys/resource.h>, where all but the first field are 64 bits."""

    _fields_ = [
        ("uuid", ctypes.c_uint8 * 16),
        ("before_the_peak", ctypes.c_uint64 * 28),
        ("lifetime_max_phys_footprint", ctypes.c_uint64),
        ("after_the_peak", ctypes.c_uint64 * 6),
    ]


def peak_physical_footprint_bytes() -> int:
    usage, version_4 = ResourceUsage(), 4
    if ctypes.CDLL(None).proc_pid_rusage(os.getpid(), version_4, ctypes.byref(usage)) != 0:
        sys.exit("proc_pid_rusage failed, so the peak footprint is unknown")
    return usage.lifetime_max_phys_footprint


if __name__ == "__main__":
    main()
