package programs

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// key hashes what decides the content of a binary: how it is built, the pins of its module, and
// the sources of a program of our own. The Go toolchain is no part: whichever can build the pins
// makes a program that does the same.
func (p program) key(modulesDir string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.GOOS, runtime.GOARCH, buildFlags, p.pkg, p.stamps)
	files, err := p.inputs(filepath.Join(modulesDir, p.module))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, filepath.Base(file), len(content))
		h.Write(content)
	}
	return shortSum(h.Sum(nil)), nil
}

// inputs are the files of a module that decide what is built. One without requirements has no
// go.sum.
func (p program) inputs(dir string) ([]string, error) {
	inputs := []string{filepath.Join(dir, "go.mod")}
	if sums := filepath.Join(dir, "go.sum"); exists(sums) {
		inputs = append(inputs, sums)
	}
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	return append(inputs, sources...), err
}
