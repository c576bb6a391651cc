package realnode

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// required are the programs of the machine that a node calls, beside those that are built.
var required = []string{"runc", "nft", "ip", "mount", "umount"}

// CheckMachine says in one line what keeps this user on this machine from having a real node.
func CheckMachine() error {
	if os.Geteuid() != 0 {
		return errors.New("--node needs root: it makes namespaces, mounts and cgroups; run it as root, " +
			"or leave --node out for simulated nodes only")
	}
	var missing []string
	for _, program := range required {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("--node needs %s in $PATH; install the packages of cmake/live-packages.txt: "+
			"make live-deps", strings.Join(missing, ", "))
	}
	return nil
}
