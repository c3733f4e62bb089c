"""The marks around documents and chat messages, and the chat template that writes them."""

DOCUMENT_END, MESSAGE_END = "<|endoftext|>", "<|end|>"
SPECIAL = [DOCUMENT_END, MESSAGE_END, "<|system|>", "<|user|>", "<|assistant|>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def render(document: str | list[dict[str, str]]) -> str:
    """A document as the model sees it: what the chat template makes of a chat."""
    if isinstance(document, str):
        return document + DOCUMENT_END
    turns = [f"<|{turn['role']}|>{turn['content']}{MESSAGE_END}" for turn in document]
    return "".join(turns) + DOCUMENT_END
