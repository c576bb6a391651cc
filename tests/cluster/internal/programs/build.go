package programs

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var buildFlags = []string{"-trimpath", "-mod=readonly"}

// build compiles p into the file target. Meanwhile it says to note what is being compiled.
func build(ctx context.Context, modulesDir string, p program, target string, note func(string)) error {
	dir := filepath.Join(modulesDir, p.module)
	settings, err := p.linkerSettings(dir)
	if err != nil {
		return err
	}
	args := append([]string{"build", "-v"}, buildFlags...)
	args = append(args, "-ldflags", settings, "-o", target, p.pkg)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	// Static binaries, and nothing of the caller's Go settings that could change what is built.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	output := &buildOutput{note: note}
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", p.name, err, output.messages.String())
	}
	return nil
}

// buildOutput takes what `go build -v` says: each line is a sign of life, and what is neither a
// package nor a download is a message.
type buildOutput struct {
	note     func(string)
	unread   []byte
	messages bytes.Buffer
}

func (o *buildOutput) Write(text []byte) (int, error) {
	o.unread = append(o.unread, text...)
	for {
		line, rest, complete := bytes.Cut(o.unread, []byte("\n"))
		if !complete {
			return len(text), nil
		}
		o.unread = rest
		o.note(strings.TrimPrefix(string(line), "go: "))
		if bytes.ContainsRune(line, ' ') && !bytes.HasPrefix(line, []byte("go: downloading ")) {
			o.messages.Write(append(line, '\n'))
		}
	}
}

// linkerSettings is the value of -ldflags.
func (p program) linkerSettings(moduleDir string) (string, error) {
	settings := []string{"-s", "-w"}
	for _, s := range p.stamps {
		goMod, err := os.ReadFile(filepath.Join(moduleDir, "go.mod"))
		if err != nil {
			return "", err
		}
		version, err := requiredVersion(string(goMod), s.module)
		if err != nil {
			return "", err
		}
		parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
		if len(parts) < 3 {
			return "", fmt.Errorf("%s has the version %q, want vX.Y.Z", s.module, version)
		}
		fill := strings.NewReplacer("{version}", version, "{major}", parts[0], "{minor}", parts[1])
		for _, setting := range s.settings {
			settings = append(settings, "-X", fill.Replace(setting))
		}
	}
	return strings.Join(settings, " "), nil
}

// requiredVersion finds the version that the text of a go.mod requires of a module.
func requiredVersion(goMod, module string) (string, error) {
	for line := range strings.Lines(goMod) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == module && strings.HasPrefix(fields[1], "v") {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("go.mod requires no version of %s", module)
}
