package main

import (
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/commentd/commentd/projections"
)

// progressBars shows steps one below the other, with rate and time left. Where nobody
// looks on it shows nothing.
type progressBars struct {
	container *mpb.Progress // nil: there is no terminal

	mu    sync.Mutex
	step  string
	total int64
	bar   *mpb.Bar
	at    time.Time // of the last change
}

func newProgressBars(w io.Writer) *progressBars {
	if !isTerminal(w) {
		return new(progressBars)
	}
	return &progressBars{container: mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithAutoRefresh())}
}

// show may be called by any number of goroutines, as often as they like.
func (p *progressBars) show(progress projections.Progress) {
	if p.container == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.step != progress.Step || p.total != progress.Total {
		p.finish()
		p.step, p.total, p.bar, p.at = progress.Step, progress.Total, p.add(progress), now
		p.bar.SetCurrent(progress.Done) // of an interrupted rebuild: no rate follows from it
		return
	}
	if now.Sub(p.at) < 50*time.Millisecond && progress.Done != progress.Total {
		return
	}
	p.bar.EwmaSetCurrent(progress.Done, now.Sub(p.at))
	p.at = now
}

func (p *progressBars) add(progress projections.Progress) *mpb.Bar {
	name := decor.Name(progress.Step, decor.WC{W: 9, C: decor.DindentRight})
	if progress.Total == 0 {
		return p.container.New(0, mpb.NopStyle(), mpb.PrependDecorators(name, decor.CurrentNoUnit(" %d")),
			mpb.AppendDecorators(decor.EwmaSpeed(0, " %.0f/s", 30)))
	}
	return p.container.AddBar(progress.Total,
		mpb.PrependDecorators(name, decor.CountersNoUnit(" %d / %d ")),
		mpb.AppendDecorators(decor.EwmaSpeed(0, " %.0f/s ", 30),
			decor.OnComplete(decor.EwmaETA(decor.ET_STYLE_MMSS, 30), "done")))
}

// finish ends the bar of the present step.
func (p *progressBars) finish() {
	if p.bar != nil {
		p.bar.SetTotal(-1, true) // where it is, is all
	}
}

// stop leaves the screen to others.
func (p *progressBars) stop() {
	if p.container == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Abort(false)
	}
	p.container.Wait()
}
