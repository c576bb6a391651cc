package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"disagg.dev/tests/cluster/internal/cluster"
)

// runCommand is the supervisor. In the foreground it ends with its stdin or its parent; detached,
// which is how `up` starts it, that holds until the cluster is ready only.
func runCommand(args []string) error {
	flags := newFlags("run")
	detached := flags.Bool("detached", false, "keep running when stdin and the parent end after the start")
	options, err := cluster.ParseOptions(flags, args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	attached, detach := attach(ctx)
	cache, err := ensurePrograms(attached, options.Kubernetes, options.Programs())
	if err != nil {
		return err
	}
	supervisor, err := cluster.Start(attached, options, cache)
	if err != nil {
		return err
	}
	defer supervisor.Stop()
	if *detached {
		detach()
	}
	fmt.Println("ready", supervisor.Kubeconfig())
	<-supervisor.Done()
	return nil
}

// attach derives a context that ends with stdin or with the parent process, until detach is called.
func attach(ctx context.Context) (attached context.Context, detach func()) {
	attached, cancel := context.WithCancelCause(ctx)
	var detached atomic.Bool
	end := func(cause string) {
		if !detached.Load() {
			cancel(errors.New(cause))
		}
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		end("stdin has ended")
	}()
	go func() {
		waitForParentsEnd()
		end("the parent process has ended")
	}()
	return attached, func() { detached.Store(true) }
}

// waitForParentsEnd notices the end of a parent whose end of the stdin pipe somebody else holds
// open. Asking for it beats the parent-death signal, which would also come when only the thread
// that started us ends.
func waitForParentsEnd() {
	for parent := os.Getppid(); os.Getppid() == parent; {
		time.Sleep(500 * time.Millisecond)
	}
}
