// Package archive writes container images as OCI archives, which containerd and others import. No
// daemon is needed for that.
package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
)

// Image is a small image: one layer of executables.
type Image struct {
	Name       string            // with its tag, as a pod's spec has it
	Files      map[string]string // path in the image to the executable's path here
	Entrypoint []string
}

// WriteFile writes the image as an OCI archive.
func (i Image) WriteFile(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := i.write(file); err != nil {
		return fmt.Errorf("image %s: %w", i.Name, err)
	}
	return file.Close()
}

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

const (
	layerType    = "application/vnd.oci.image.layer.v1.tar"
	configType   = "application/vnd.oci.image.config.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	indexType    = "application/vnd.oci.image.index.v1+json"
	// nameAnnotation is where containerd and docker find the name under which to keep an image.
	nameAnnotation = "io.containerd.image.name"
)

func (i Image) write(output io.Writer) error {
	layer, err := i.layer()
	if err != nil {
		return err
	}
	blobs := blobs{tar.NewWriter(output)}
	layerBlob, err := blobs.add(layerType, layer)
	if err != nil {
		return err
	}
	config, err := blobs.addJSON(configType, map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": i.Entrypoint, "WorkingDir": "/"},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{layerBlob.Digest}},
	})
	if err != nil {
		return err
	}
	manifest, err := blobs.addJSON(manifestType, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": []descriptor{layerBlob},
	})
	if err != nil {
		return err
	}
	manifest.Annotations = map[string]string{nameAnnotation: i.Name}
	return blobs.finish(manifest)
}

// layer has no times and no owners in it, so that equal files make equal images.
func (i Image) layer() ([]byte, error) {
	var content bytes.Buffer
	layer := tar.NewWriter(&content)
	for _, target := range slices.Sorted(maps.Keys(i.Files)) {
		executable, err := os.ReadFile(i.Files[target])
		if err != nil {
			return nil, err
		}
		if err := addFile(layer, target, executable, 0o755); err != nil {
			return nil, err
		}
	}
	err := layer.Close()
	return content.Bytes(), err
}

func addFile(archive *tar.Writer, name string, content []byte, mode int64) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: mode}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := archive.Write(content)
	return err
}

// blobs writes the parts of an archive, each under the hash of its content.
type blobs struct{ archive *tar.Writer }

func (b blobs) add(mediaType string, content []byte) (descriptor, error) {
	sum := fmt.Sprintf("%x", sha256.Sum256(content))
	err := addFile(b.archive, "blobs/sha256/"+sum, content, 0o644)
	return descriptor{MediaType: mediaType, Digest: "sha256:" + sum, Size: len(content)}, err
}

func (b blobs) addJSON(mediaType string, object any) (descriptor, error) {
	content, err := json.Marshal(object)
	if err != nil {
		return descriptor{}, err
	}
	return b.add(mediaType, content)
}

func (b blobs) finish(manifest descriptor) error {
	index, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": indexType, "manifests": []descriptor{manifest}})
	if err != nil {
		return err
	}
	if err := addFile(b.archive, "index.json", index, 0o644); err != nil {
		return err
	}
	if err := addFile(b.archive, "oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644); err != nil {
		return err
	}
	return b.archive.Close()
}
