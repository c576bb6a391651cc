"""The operator's root file system holds what the program needs, and nothing that could be run beside it."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import operator_root


class OperatorRoot(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.root = self.folder / "root"
        self.program = self.folder / "program"
        # Linked with more than the C library, as the operator is.
        self.compile('int puts(const char*);\nint main() { puts("runs"); return 0; }\n', "-Wl,--no-as-needed", "-lm")

    def compile(self, source, *flags):
        subprocess.run(["cc", "-x", "c", "-", "-o", str(self.program), *flags], input=source, text=True, check=True)

    def test_the_program_runs_with_the_libraries_of_the_root_alone(self):
        operator_root.lay_out(self.root, [self.program])
        loader, libraries = operator_root.shared_libraries(self.program)
        inside = self.root / libraries[0].parent.relative_to("/")
        done = subprocess.run([str(self.root / loader.relative_to("/")), "--inhibit-cache", "--library-path", str(inside),
                               str(self.root / "program")], capture_output=True, text=True, env={})
        self.assertEqual((done.returncode, done.stdout), (0, "runs\n"), done.stderr)

    def test_there_is_nothing_else_in_it(self):
        operator_root.lay_out(self.root, [self.program])
        loader, libraries = operator_root.shared_libraries(self.program)
        want = {"program", loader.name, "nsswitch.conf"} | {library.name for library in libraries}
        self.assertEqual({path.name for path in self.root.rglob("*") if path.is_file()}, want)

    def test_what_an_earlier_program_left_is_gone(self):
        self.root.mkdir()
        (self.root / "sh").touch()
        operator_root.lay_out(self.root, [self.program])
        self.assertFalse((self.root / "sh").exists())

    def test_every_user_may_read_it_whatever_the_umask_of_who_builds_it(self):
        subprocess.run([sys.executable, operator_root.__file__, self.root, self.program], check=True, umask=0o077)
        closed = [path.name for path in self.root.rglob("*") if not path.stat().st_mode & 0o004]
        self.assertEqual(closed, [])
        self.assertTrue((self.root / "program").stat().st_mode & 0o001)

    def test_a_program_that_cannot_run_here_is_refused_with_what_to_do(self):
        library = self.folder / "libgone.so"
        subprocess.run(["cc", "-shared", "-x", "c", "-", "-o", str(library)], input="void gone(void) {}\n", text=True, check=True)
        self.compile("void gone(void);\nint main() { gone(); return 0; }\n", f"-L{self.folder}", "-lgone")
        library.unlink()
        script = self.folder / "script"
        script.write_text("#!/bin/sh\n")
        cases = [
            ("a library is missing", self.program, "needs libgone.so, .*make deps"),
            ("it is no program", script, "not a dynamic executable.*make build"),
            ("it is not there", self.folder / "absent", "No such file.*make build"),
        ]
        for what, program, reason in cases:
            with self.subTest(what):
                with self.assertRaisesRegex(operator_root.Unusable, reason):
                    operator_root.lay_out(self.root, [program])


if __name__ == "__main__":
    unittest.main()
