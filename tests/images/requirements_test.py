"""What is installed into an image is pinned: each package has one version and one hash, and those of requirements.in."""

import pathlib
import re
import unittest

IMAGES = pathlib.Path(__file__).resolve().parent.parent.parent / "images"
PINNED = re.compile(r"([A-Za-z0-9._-]+==[^ ]+) --hash=sha256:[0-9a-f]{64}")


class Requirements(unittest.TestCase):
    def test_every_package_of_an_image_has_a_hash_and_the_version_that_was_asked_for(self):
        wanted = sorted(IMAGES.glob("*/requirements.in"))
        self.assertNotEqual(wanted, [])
        for asked in wanted:
            with self.subTest(image=asked.parent.name):
                locked = asked.with_suffix(".txt").read_text().splitlines()
                self.assertEqual([line for line in locked if not PINNED.fullmatch(line)], [])
                self.assertEqual(sorted(line.split()[0] for line in locked), sorted(asked.read_text().splitlines()),
                                 f"write {asked.with_suffix('.txt')} anew: python3 images/lock.py {asked}")


if __name__ == "__main__":
    unittest.main()
