package main

import (
	"io"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
	"github.com/vbauerster/mpb/v8/decor"
)

// interactive reports whether stream is somebody's terminal.
func interactive(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && cwriter.IsTerminal(int(file.Fd()))
}

// progressBar is a bar on a terminal, and nothing anywhere else.
type progressBar struct {
	bars *mpb.Progress
	bar  *mpb.Bar
}

func newBar(w io.Writer, name string, total int) *progressBar {
	if !interactive(w) {
		return &progressBar{}
	}
	bars := mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	return &progressBar{bars, bars.AddBar(int64(total),
		mpb.PrependDecorators(decor.Name(name+" "), decor.CountersNoUnit("%d of %d")),
		mpb.AppendDecorators(decor.Percentage(), decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)))}
}

// step is one more thing done. Many may call it at once.
func (p *progressBar) step() {
	if p.bar != nil {
		p.bar.Increment()
	}
}

// at is so many things done.
func (p *progressBar) at(n int) {
	if p.bar != nil {
		p.bar.SetCurrent(int64(n))
	}
}

// end leaves the bar as it is, full if all is done.
func (p *progressBar) end(done bool) {
	if p.bar == nil {
		return
	}
	if done {
		p.bar.SetTotal(-1, true)
	} else {
		p.bar.Abort(false)
	}
	p.bars.Wait()
}
