// Command commentbench measures commentd against what the same machine does with
// the service left out: bare rows, bare HTTP, bare JetStream. It starts everything it
// needs, measures product and floors in turn, and prints one table of ratios, which
// docs/benchmarks.md explains and quotes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // of the product's packages; what goes wrong shows in the numbers
	isChild, err := asChild(ctx)
	if !isChild {
		_, err = run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "commentbench:", err)
		os.Exit(1)
	}
}

// options are what can be asked for.
type options struct {
	Rounds   int           `default:"5" help:"How often everything is measured."`
	Seconds  float64       `default:"2" help:"How long one measurement takes."`
	Only     []string      `placeholder:"A,B,…" help:"Measure these lines of the table only: A, B, C, C', D, F, G, H, R."`
	JSON     bool          `name:"json" help:"Print the report as JSON."`
	Events   int           `default:"1000000" help:"Events in the large log of H and R; a tenth of them in the small one."`
	Flush    time.Duration `placeholder:"1ms" help:"Let every flush of Postgres' log take so much longer, for product and floors alike: as on a disk that is slower than this machine's."`
	Quick    bool          `help:"See in less than a minute that everything works. The numbers mean nothing."`
	Commentd string        `type:"existingfile" placeholder:"FILE" help:"The commentd to measure. By default it is built from this module."`
	Dir      string        `type:"existingdir" placeholder:"DIR" help:"Where to keep the data meanwhile: on the disk that matters. By default the folder for temporary files."`
}

// suites are the lines of the table, in its order.
var suites = []struct {
	id  string
	run func(*bench, context.Context) ([]result, error)
}{
	{"A", (*bench).measureAppend},
	{"B", (*bench).measurePost},
	{"C", (*bench).measureList},
	{"C'", (*bench).measureRepeated},
	{"D", (*bench).measureVisible},
	{"E", (*bench).measureSubscribers},
	{"F", (*bench).measureDrain},
	{"G", (*bench).measureFootprint},
	{"H", (*bench).measureGrowth},
	{"R", (*bench).measureRebuild},
	{"Z", (*bench).measureZendesk},
}

// run measures what args ask for and prints the report. Everything it touches but
// the machine is handed in.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (report, error) {
	var o options
	exited := false
	parser, err := kong.New(&o, kong.Name("commentbench"), kong.Description("Measure commentd against its floors."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { exited = true }))
	if err != nil {
		return report{}, err
	}
	if _, err := parser.Parse(args); exited || err != nil {
		return report{}, err
	}
	if err := o.check(); err != nil {
		return report{}, err
	}
	b, err := newBench(ctx, o, stderr)
	if err != nil {
		return report{}, err
	}
	r, err := b.measure(ctx)
	err = errors.Join(err, r.Correct.err(), b.close())
	// What was measured before something went wrong is told all the same.
	if o.JSON {
		return r, errors.Join(err, r.writeJSON(stdout))
	}
	return r, errors.Join(err, r.writeTable(stdout))
}

// check checks the options and makes what follows from them.
func (o *options) check() error {
	if o.Quick {
		o.Rounds, o.Seconds, o.Events = 2, 0.1, 2000
	}
	if o.Rounds < 1 || o.Seconds <= 0 || o.Events < 1000 {
		return errors.New("--rounds must be at least 1, --seconds above 0, --events at least 1000")
	}
	for _, id := range o.Only {
		known := false
		for _, s := range suites {
			known = known || s.id == id
		}
		if !known {
			return fmt.Errorf("--only: there is no line %q", id)
		}
	}
	return nil
}

// size is how many of something there should be, n unless it only has to work.
func (o *options) size(n int) int {
	if o.Quick {
		return min(n, 50)
	}
	return n
}

// measure runs the suites that were asked for.
func (b *bench) measure(ctx context.Context) (r report, err error) {
	if r, err = b.newReport(ctx); err != nil {
		return r, err
	}
	overall := startLoadMeter()
	defer func() {
		r.Load["all"] = overall.stop()
		r.Correct = b.correct
	}()
	for _, s := range suites {
		if len(b.Only) > 0 && !slices.Contains(b.Only, s.id) {
			continue
		}
		b.say("measuring %s", s.id)
		meter := startLoadMeter()
		results, err := s.run(b, ctx)
		if err != nil {
			return r, fmt.Errorf("%s: %w", s.id, err)
		}
		r.Results = append(r.Results, results...)
		r.Load[s.id] = meter.stop()
	}
	return r, nil
}
