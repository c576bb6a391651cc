// Package usercache is the directory that all clones and clusters of a user share.
package usercache

import (
	"os"
	"path/filepath"
)

// Dir is its path. It need not exist yet.
func Dir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(base, "disagg-operator"), nil
}

// OpenFile opens a file in it for reading and writing, with further flags of os.OpenFile. Makes
// what is missing.
func OpenFile(name string, flags int) (*os.File, error) {
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR|flags, 0o644)
}
