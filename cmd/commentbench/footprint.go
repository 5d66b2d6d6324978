package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// measureFootprint is G: what the product takes while it does nothing, and while it
// does a lot.
func (b *bench) measureFootprint(ctx context.Context) ([]result, error) {
	ready, err := b.measureReady(ctx)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, "dev")
	dev, info, err := b.startDev(ctx, dir)
	if err != nil {
		return nil, err
	}
	idle, err := b.measureIdle(ctx, dev, info)
	if err == nil {
		var busy result
		busy, err = b.measureBusy(ctx, dev, info)
		idle = append(idle, busy)
	}
	if err = errors.Join(err, dev.stop()); err != nil {
		return nil, err
	}
	return append(idle, ready), nil
}

// devInfo is what dev.json says.
type devInfo struct {
	BaseURL     string            `json:"base_url"`
	PostgresURL string            `json:"postgres_url"`
	Keys        map[string]string `json:"keys"`
	Tickets     []string          `json:"tickets"`
}

// startDev starts `commentd dev`, NATS embedded, with a Postgres of its own.
func (b *bench) startDev(ctx context.Context, dir string) (*process, devInfo, error) {
	var info devInfo
	address, err := freeAddress()
	if err != nil {
		return nil, info, err
	}
	b.say("starting commentd dev")
	p, err := spawn(b.dir, b.commentd, []string{"dev", "--data", dir, "--listen", address}, nil)
	if err != nil {
		return nil, info, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if err := p.running(); err != nil {
			return nil, info, err
		}
		text, err := os.ReadFile(filepath.Join(dir, "dev.json"))
		if err == nil {
			return p, info, json.Unmarshal(text, &info)
		}
		select {
		case <-ctx.Done():
			return nil, info, errors.Join(fmt.Errorf("commentd dev is not ready: %w: %s", context.Cause(ctx), p.lastWords()), p.stop())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// measureIdle looks at a service that nobody uses.
func (b *bench) measureIdle(ctx context.Context, dev *process, info devInfo) ([]result, error) {
	// Sessions of Postgres tell of their last transactions ten seconds later.
	settling, window := 12*time.Second, 20*time.Second
	if b.Quick {
		settling, window = time.Second, time.Second
	}
	time.Sleep(settling)
	pid := dev.cmd.Process.Pid
	queriesBefore, err := transactions(ctx, info)
	if err != nil {
		return nil, err
	}
	ticksBefore, err := processTicks(pid)
	if err != nil {
		return nil, err
	}
	time.Sleep(window)
	ticks, err := processTicks(pid)
	if err != nil {
		return nil, err
	}
	queries, err := transactions(ctx, info)
	if err != nil {
		return nil, err
	}
	memory, err := residentMiB(pid)
	if err != nil {
		return nil, err
	}
	share := 100 * float64(ticks-ticksBefore) / ticksPerSecond / window.Seconds()
	return []result{
		absolute("G", "idle process with embedded NATS: resident memory", "MiB", series{memory}, atMost(45)),
		absolute("G", "idle process: processor time", "% of a core", series{share}, atMost(1)),
		absolute("G", "idle process: queries", "1/s", series{float64(queries-queriesBefore) / window.Seconds()}, atMost(2)),
	}, nil
}

// transactions is how many there were in the service's database, where each query of
// an idle service is one. It is asked from another database.
func transactions(ctx context.Context, info devInfo) (n int64, err error) {
	u, err := url.Parse(info.PostgresURL)
	if err != nil {
		return 0, err
	}
	database := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	conn, err := pgx.Connect(ctx, u.String())
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1", database).Scan(&n)
	return n, err
}

// measureBusy looks at a service that 64 connections use, half to write and half to
// read.
func (b *bench) measureBusy(ctx context.Context, dev *process, info devInfo) (result, error) {
	address := strings.TrimPrefix(info.BaseURL, "http://")
	clients, closeAll, err := dialAll(address, manyCallers)
	if err != nil {
		return result{}, err
	}
	defer closeAll()
	path := "/v1/tickets/" + info.Tickets[0] + "/comments"
	list := getRequest(fmt.Sprintf("%s?limit=%d", path, listSize), info.Keys["agent"], "")
	requests := make([][]byte, manyCallers)
	done := make(chan struct{})
	peak := make(chan float64)
	go func() {
		highest := 0.0
		for {
			if memory, err := residentMiB(dev.cmd.Process.Pid); err == nil {
				highest = max(highest, memory)
			}
			select {
			case <-done:
				peak <- highest
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	s, err := closedLoop(ctx, manyCallers, time.Duration(b.Seconds*float64(b.Rounds)*float64(time.Second)), func(_ context.Context, caller int) error {
		if caller%2 == 0 {
			_, err := clients[caller].expect(200, list)
			return err
		}
		requests[caller] = postRequest(requests[caller], path, info.Keys["agent"], newKey(), commentBody)
		_, err := clients[caller].expect(201, requests[caller])
		return err
	})
	close(done)
	highest := <-peak
	b.correct.Failed += s.failed
	r := absolute("G", "process under 64 connections: resident memory, at most", "MiB", series{highest}, atMost(120))
	r.Note = fmt.Sprintf("%.0f requests/s", s.rate())
	return r, err
}

// measureReady is how long `commentd serve` takes to be ready on a Postgres that is
// up, with the schema current.
func (b *bench) measureReady(ctx context.Context) (result, error) {
	l, err := b.newLibrary(ctx, "ready")
	if err != nil {
		return result{}, err
	}
	natsURL, err := b.startNATS("nats_ready", false)
	if err != nil {
		return result{}, err
	}
	var took series
	for round := range b.Rounds {
		p, _, t, err := b.startService(ctx, l.url, natsURL, "api,relay,projector,worker")
		if err != nil {
			return result{}, err
		}
		b.say("round %d of %d: ready after %s", round+1, b.Rounds, t.Round(time.Millisecond))
		took = append(took, milliseconds(t))
		if err := p.stop(); err != nil {
			return result{}, err
		}
	}
	return absolute("G", "from start to ready, schema current, Postgres up", "ms", took, atMost(100)), nil
}
