"""The chart, the CRDs and their reference, as files: what is wrong with them is found without a cluster.

UPDATE_GOLDEN=1 writes what the chart renders to expected/.
"""

import os
import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CHART = ROOT / "charts" / "disagg-operator"
HELM = pathlib.Path(os.environ["DISAGG_TOOLS"]) / "helm"
# helm's own build knows no version of Kubernetes.
KUBE_VERSION = "1.34.0"


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=ROOT)
    return done.returncode, done.stdout + done.stderr


def render(*flags):
    command = [HELM, "template", "disagg-operator", CHART, "--namespace", "disagg-system", "--kube-version", KUBE_VERSION]
    done = subprocess.run([str(word) for word in (*command, *flags)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


class Files(unittest.TestCase):
    def test_the_reference_tells_what_the_crds_say(self):
        code, output = run(sys.executable, "crds/reference.py", "--check")
        self.assertEqual(code, 0, output)

    def test_the_chart_has_the_crds_of_this_tree(self):
        code, output = run("bash", "charts/sync-crds.sh", "--check")
        self.assertEqual(code, 0, output)


    def test_the_reasons_that_the_crds_name_are_those_of_the_operations_page(self):
        page = (ROOT / "docs" / "operations.md").read_text()
        for crd in (ROOT / "crds").glob("*.yaml"):
            for example in re.findall(r"The cause in one word, like ([^'\n]+)", crd.read_text()):
                for reason in re.findall(r"[A-Z]\w+", example):
                    self.assertIn(f"`{reason}`", page, f"{crd.name}: {example}")


class Chart(unittest.TestCase):
    def test_helm_finds_nothing_to_complain_about(self):
        code, output = run(HELM, "lint", "--strict", CHART)
        self.assertEqual(code, 0, output)

    def test_it_renders_what_is_checked_in(self):
        for values in sorted((HERE / "values").glob("*.yaml")):
            with self.subTest(values=values.stem):
                api = ["--api-versions", "monitoring.coreos.com/v1"]
                code, output, errors = render("--values", values, *api)
                self.assertEqual(code, 0, errors)
                expected = HERE / "expected" / values.name
                if "UPDATE_GOLDEN" in os.environ:
                    expected.write_text(output)
                self.assertEqual(output, expected.read_text(), "UPDATE_GOLDEN=1 writes it; review the difference")

    def test_no_rule_grants_everything(self):
        _, output, _ = render()
        self.assertIn("rules:", output)
        self.assertIsNone(re.search(r"""["']\*["']""", output), "a * in what the chart renders")

    def test_the_grace_period_covers_the_shutdown(self):
        timings = (ROOT / "operator/runtime/timings.h").read_text()
        period = re.search(r"kGracePeriod\{(\d+)\}", timings).group(1)
        _, output, _ = render()
        self.assertIn(f"terminationGracePeriodSeconds: {period}\n", output)

    def test_a_value_it_does_not_know_is_refused(self):
        code, _, errors = render("--set", "deployment.replica=2")
        self.assertNotEqual(code, 0)
        self.assertIn("replica", errors)


unittest.main(verbosity=1)
