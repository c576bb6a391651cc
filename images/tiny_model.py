"""Writes a model folder for the mocker: the four small files that Dynamo reads, and no weights.

The tokenizer has one token for each byte, so that any prompt is as many tokens as it has bytes. No prompt has the words that
follow them: the mocker makes its answers up of token numbers from 1000 to 1999, and a number without a word would be no text.
"""

import argparse
import json
import pathlib

SPECIAL = ("<unk>", "<s>", "</s>")
MAX_TOKENS = 4096
VOCABULARY = 2048
CHAT_TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"


def byte_letters():
    """The printable letter that byte-level tokenizers write for each byte: its own, or one from 256 on."""
    own = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in own]
    return {**{byte: chr(byte) for byte in own}, **{byte: chr(256 + n) for n, byte in enumerate(others)}}


def tokenizer():
    letters = byte_letters()
    known = [*SPECIAL, *(letters[byte] for byte in range(256))]
    vocabulary = known + [f"{letters[ord(' ')]}word{number}" for number in range(len(known), VOCABULARY)]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
            "added_tokens": [{"id": number, "content": text, **plain} for number, text in enumerate(SPECIAL)],
            "pre_tokenizer": level, "decoder": level,
            "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      "vocab": {text: number for number, text in enumerate(vocabulary)}, "merges": []}}


def files():
    ends = {"bos_token_id": 1, "eos_token_id": 2}
    return {
        "config.json": {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": VOCABULARY,
                        "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4,
                        "intermediate_size": 128, "max_position_embeddings": MAX_TOKENS, "torch_dtype": "bfloat16", **ends},
        "generation_config.json": ends,
        "tokenizer.json": tokenizer(),
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
                                  "unk_token": "<unk>", "model_max_length": MAX_TOKENS, "chat_template": CHAT_TEMPLATE},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="where to write it; made if it is not there")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (folder / name).write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
