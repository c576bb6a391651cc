package kubeconfig

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// flatConfig is the part of kubectl's JSON form of a kubeconfig that matters here, with the current
// context only and with all files inline except tokens.
type flatConfig struct {
	Clusters []struct {
		Cluster struct {
			Server string
			CA     []byte `json:"certificate-authority-data"`
		}
	}
	Users []struct {
		User struct {
			Token     string
			TokenFile string `json:"tokenFile"`
		}
	}
	Contexts []struct {
		Context struct{ Namespace string }
	}
}

// Load reads the current context of a kubeconfig: the server and the user's token, if there is one.
// kubectl does the parsing. A client certificate is left out: nobody but its owner can use it.
func Load(kubectl, path string) (Config, error) {
	content, err := Kubectl(kubectl, path, "config", "view", "--raw", "--flatten", "--minify", "--output=json")
	if err != nil {
		return Config{}, err
	}
	var flat flatConfig
	if err := json.Unmarshal([]byte(content), &flat); err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	if len(flat.Clusters) != 1 || len(flat.Users) != 1 || len(flat.Contexts) != 1 {
		return Config{}, fmt.Errorf("%s: no current context with a cluster and a user", path)
	}
	cluster, user := flat.Clusters[0].Cluster, flat.Users[0].User
	config := Config{Server: cluster.Server, CA: cluster.CA, Token: user.Token,
		Namespace: flat.Contexts[0].Context.Namespace}
	if config.Token == "" && user.TokenFile != "" {
		token, err := os.ReadFile(user.TokenFile)
		if err != nil {
			return Config{}, err
		}
		config.Token = strings.TrimSpace(string(token))
	}
	return config, nil
}

// Kubectl runs kubectl against the cluster of a kubeconfig and returns its output.
func Kubectl(kubectl, path string, args ...string) (string, error) {
	cmd := exec.Command(kubectl, append([]string{"--kubeconfig=" + path}, args...)...)
	var message strings.Builder
	cmd.Stderr = &message
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: kubectl %s: %w: %s", path, args[0], err, message.String())
	}
	return string(output), nil
}
