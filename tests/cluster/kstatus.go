package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// kstatusCommand judges the objects on stdin, one JSON document after the other, as Flux, Argo CD
// and `kubectl wait` plugins do: one line "STATUS MESSAGE" each, the status being Current,
// InProgress, Failed, Terminating, NotFound or Unknown.
func kstatusCommand(args []string) error {
	flags := newFlags("kstatus")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return errors.New("usage: local-cluster kstatus < OBJECTS")
	}
	return judge(os.Stdin, os.Stdout)
}

func judge(input io.Reader, output io.Writer) error {
	for decoder := json.NewDecoder(input); ; {
		var object unstructured.Unstructured
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		result, err := status.Compute(&object)
		if err != nil {
			return err
		}
		fmt.Fprintln(output, result.Status, result.Message)
	}
}
