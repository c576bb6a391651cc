// local-cluster builds and runs a throw-away Kubernetes cluster for tests and demos on one Linux
// machine: the real etcd, API server, controllers and scheduler, with nodes and pods simulated by
// kwok, and on request a real node with a kubelet.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"disagg.dev/tests/cluster/internal/realnode"
)

const usage = `usage:
  local-cluster build [--all] [PROGRAM...]     build pinned programs, print their directory;
                                               "cluster", the default: those that up starts;
                                               "node": those that up --node starts
  local-cluster up   --dir DIR [options]       start a cluster that stays; print its kubeconfig;
                                               --node, as root: with a real node
  local-cluster run  --dir DIR [options]       the same until stdin ends, a signal, or the parent's end
  local-cluster down --dir DIR                 end the cluster in DIR
  local-cluster ctl  --dir DIR stop|start|restart|pause|resume COMPONENT
  local-cluster ctl  --dir DIR compact         compact etcd
  local-cluster image load --dir DIR FILE...   import OCI or docker archives into the real node of up --node
  local-cluster token --kubeconfig IN --service-account NAMESPACE/NAME --write-kubeconfig OUT
                                               a kubeconfig with the token of a ServiceAccount
  local-cluster proxy --kubeconfig IN --write-kubeconfig OUT
                                               fault injection, driven by lines on stdin
  local-cluster corpus --kubeconfig FILE --namespace NAMESPACE
                                               stores legal objects that are hard to read
  local-cluster webhook                        admission webhooks of other people, driven likewise
  local-cluster kstatus < OBJECTS              what kstatus says of each JSON object
options of up and run: local-cluster up --help
--kubernetes 1.37, or $KUBERNETES, chooses among the pinned versions; default: the newest
`

var commands = map[string]func(args []string) error{
	"build":   buildCommand,
	"up":      upCommand,
	"run":     runCommand,
	"down":    downCommand,
	"ctl":     ctlCommand,
	"token":   tokenCommand,
	"proxy":   proxyCommand,
	"webhook": webhookCommand,
	"kstatus": kstatusCommand,
	"corpus":  corpusCommand,
	"image":   imageCommand,

	realnode.InitCommand: realnode.RunInit, // for `up` itself
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	err := commands[os.Args[1]](os.Args[2:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "local-cluster:", err)
		os.Exit(1)
	}
}

func newFlags(command string) *flag.FlagSet {
	return flag.NewFlagSet("local-cluster "+command, flag.ContinueOnError)
}
