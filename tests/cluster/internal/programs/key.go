package programs

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// key hashes what decides the content of a binary: how it is built, and the pins of its module.
// The Go toolchain is no part: whichever can build the pins makes a program that does the same.
func (p program) key(modulesDir string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.GOOS, runtime.GOARCH, buildFlags, p.pkg, p.stamps)
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(modulesDir, p.module, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, name, len(content))
		h.Write(content)
	}
	return shortSum(h.Sum(nil)), nil
}
