package process

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// With this variable set, the test binary is a parent that starts a child, tells its pid and hangs.
const actAsParent = "PROCESS_TEST_ACT_AS_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(actAsParent) == "" {
		os.Exit(m.Run())
	}
	child, err := Start(exec.Command("sleep", "60"))
	if err != nil {
		os.Exit(1)
	}
	fmt.Println(child.PID())
	select {}
}

func TestChildrenDieWithAParentThatIsKilled(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), actAsParent+"=1")
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // Go ends idle threads; the starting one must stay
	if !alive(pid) {
		t.Fatal("the child must live as long as its parent")
	}
	parent.Process.Kill()
	parent.Wait()
	for deadline := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("the child has outlived its parent")
		}
	}
}

// alive is false for zombies: whoever inherits them may take its time.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestKillWaitsForTheEnd(t *testing.T) {
	child, err := Start(exec.Command("sleep", "60"))
	if err != nil {
		t.Fatal(err)
	}
	child.Kill()
	if got := child.State().String(); got != "signal: killed" {
		t.Errorf("state: %s", got)
	}
}

func TestAClosedStarterStartsNothing(t *testing.T) {
	s, err := newStarter(syscall.SIGKILL, func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := s.Start(exec.Command("true")); err != errClosed {
		t.Errorf("got %v", err)
	}
}

func TestAPlaceThatIsGoneIsAnError(t *testing.T) {
	if _, err := Enter(1 << 30); err == nil || !strings.Contains(err.Error(), "/ns/mnt") {
		t.Errorf("got %v", err)
	}
}
