"""The model that images/tiny_model.py writes is one that Dynamo can read: its files agree with each other."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import tiny_model


class TinyModel(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name, "models", "tiny")
        subprocess.run([sys.executable, tiny_model.__file__, self.folder], check=True)
        self.files = {path.name: json.loads(path.read_text()) for path in self.folder.iterdir()}

    def test_it_is_the_files_that_the_mocker_reads(self):
        self.assertEqual(sorted(self.files), ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"])

    def test_every_byte_has_a_token_of_its_own(self):
        vocabulary = self.files["tokenizer.json"]["model"]["vocab"]
        letters = tiny_model.byte_letters()
        self.assertEqual(len({vocabulary[letters[byte]] for byte in range(256)}), 256)
        # The letters that byte-level tokenizers are known by: a space and a new line.
        self.assertEqual((letters[ord(" ")], letters[ord("\n")], letters[ord("a")]), ("Ġ", "Ċ", "a"))

    def test_the_tokens_are_numbered_without_a_gap_and_config_counts_them(self):
        vocabulary = self.files["tokenizer.json"]["model"]["vocab"]
        self.assertEqual(sorted(vocabulary.values()), list(range(self.files["config.json"]["vocab_size"])))

    def test_every_number_that_the_mocker_answers_with_is_a_word(self):
        words = {number: text for text, number in self.files["tokenizer.json"]["model"]["vocab"].items()}
        self.assertEqual([number for number in range(1000, 2000) if words.get(number) != f"Ġword{number}"], [])

    def test_the_files_name_the_same_special_tokens(self):
        vocabulary = self.files["tokenizer.json"]["model"]["vocab"]
        names = self.files["tokenizer_config.json"]
        for key in ("bos_token", "eos_token"):
            with self.subTest(key):
                ids = {self.files[name][key + "_id"] for name in ("config.json", "generation_config.json")}
                self.assertEqual(ids, {vocabulary[names[key]]})


if __name__ == "__main__":
    unittest.main()
