"""Config changes that several families' cases share."""

from table.case import ABSENT

TIED = {"tie_word_embeddings": True}
DERIVED_HEAD_DIM = {"hidden_size": 64}
GROUP_OF_32 = {"hidden_size": 64, "intermediate_size": 96}
GROUP_OF_64 = {"hidden_size": 64, "intermediate_size": 128}
GROUP_OF_128 = {"hidden_size": 128, "intermediate_size": 256, "head_dim": 32}

# Waves shorter than 16 positions stay, longer than 64 are stretched, those between are
# blended. Heads of 16 dimensions with theta 10000 have some of each.
LLAMA3 = {
    "factor": 8.0,
    "high_freq_factor": 4.0,
    "low_freq_factor": 1.0,
    "original_max_position_embeddings": 64,
}
UNSCALED = {"rope_scaling": None}


def transformers_5(**rope_parameters) -> dict:
    """The config keys that transformers 5 writes in place of the older spelling."""
    return {
        "dtype": "bfloat16",
        "rope_parameters": rope_parameters,
        "rope_scaling": ABSENT,
        "rope_theta": ABSENT,
        "torch_dtype": ABSENT,
        "transformers_version": "5.0.0",
    }


def linear(**spelling) -> dict:
    return {"rope_scaling": {**spelling, "factor": 4.0}}
