package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnArchiveHoldsWhatItsIndexNames(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	os.WriteFile(program, []byte("#!"), 0o755)
	image := Image{Name: "a.invalid/b:1", Files: map[string]string{"p": program}, Entrypoint: []string{"/p"}}
	file := filepath.Join(dir, "image.tar")
	if err := image.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	files := read(t, file)
	var index, manifest struct {
		Manifests, Layers []descriptor
		Config            descriptor
	}
	parse(t, files["index.json"], &index)
	if name := index.Manifests[0].Annotations[nameAnnotation]; name != image.Name {
		t.Errorf("name: %q", name)
	}
	parse(t, blob(t, files, index.Manifests[0]), &manifest)
	if config := blob(t, files, manifest.Config); !bytes.Contains(config, []byte(`"Entrypoint":["/p"]`)) {
		t.Errorf("config: %s", config)
	}
	if layer := blob(t, files, manifest.Layers[0]); !bytes.Contains(layer, []byte("#!")) {
		t.Errorf("layer: %q", layer)
	}
}

func read(t *testing.T, path string) map[string][]byte {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	files, archive := map[string][]byte{}, tar.NewReader(file)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
	}
}

func blob(t *testing.T, files map[string][]byte, d descriptor) []byte {
	hash := strings.TrimPrefix(d.Digest, "sha256:")
	content := files["blobs/sha256/"+hash]
	if len(content) != d.Size || fmt.Sprintf("%x", sha256.Sum256(content)) != hash {
		t.Errorf("%s is not what its name says", d.Digest)
	}
	return content
}

func parse(t *testing.T, content []byte, into any) {
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
}
