package programs

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progress says which program of how many is being built, and that the work still goes on: on a
// terminal in one line that changes every second, elsewhere in a line now and then.
type progress struct {
	output   io.Writer
	terminal bool
	every    time.Duration
	total    int
	begun    int
	start    time.Time
}

func newProgress(output io.Writer, total int) *progress {
	p := &progress{output: output, every: 15 * time.Second, total: total, start: time.Now()}
	if isTerminal(output) {
		p.terminal, p.every = true, time.Second
	}
	return p
}

func isTerminal(output io.Writer) bool {
	file, ok := output.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// step is the building of one program.
type step struct {
	*progress
	what  string
	start time.Time
	ended chan struct{}
	said  sync.WaitGroup // the goroutine that shows signs of life

	mutex sync.Mutex
	doing string
}

func (p *progress) begin(what string) *step {
	p.begun++
	s := &step{progress: p, what: what, start: time.Now(), ended: make(chan struct{}),
		doing: "reading packages, linking"}
	s.say("building")
	s.said.Add(1)
	go s.live()
	return s
}

// note is what the step is doing now. Safe to call from another goroutine.
func (s *step) note(doing string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.doing = doing
}

func (s *step) live() {
	defer s.said.Done()
	for {
		select {
		case <-s.ended:
			return
		case <-time.After(s.every):
			s.mutex.Lock()
			doing := s.doing
			s.mutex.Unlock()
			s.say(fmt.Sprintf("%s, %s in all: %s", clock(s.start), clock(s.progress.start), doing))
		}
	}
}

func (s *step) end(err error) {
	close(s.ended)
	s.said.Wait()
	if err != nil {
		s.say("failed after " + clock(s.start))
	} else {
		s.say("built in " + clock(s.start))
	}
	if s.terminal {
		fmt.Fprintln(s.output)
	}
}

func (s *step) say(text string) {
	line := fmt.Sprintf("[%d/%d] %s: %s", s.begun, s.total, s.what, text)
	if !s.terminal {
		fmt.Fprintln(s.output, line)
		return
	}
	const width = 79 // a longer line would not be overwritten
	fmt.Fprintf(s.output, "\r\033[K%s", line[:min(len(line), width)])
}

// clock is the time since start in minutes and seconds.
func clock(start time.Time) string {
	seconds := int(time.Since(start).Seconds())
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}
