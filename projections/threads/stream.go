package threads

import (
	"context"
)

const (
	// streamChunk is how many comments a stream holds in memory at a time.
	streamChunk = 256
	// streamBytes is about how much they may take up; they are fewer where texts are
	// long, but never less than streamLeast.
	streamBytes = 1 << 20
	streamLeast = 8
)

// Stream gives all comments that q asks for, whatever q.Limit says: begin is called
// once, with a page that has no comments, and then chunk with comments in order, which
// it must not keep. All of it shows one moment. Memory does not grow with the thread.
// An error of begin or chunk ends the stream and is returned as it is.
//
// A long thread keeps a connection, and at most half of the pool's connections serve
// streams: chunk should not wait for a slow client without a deadline.
func (r *Reader) Stream(ctx context.Context, q ListQuery, begin func(Page) error, chunk func([]Comment) error) error {
	q.Limit = 0
	read := pageReads.Get().(*pageRead)
	defer read.free()
	who, err := r.read(ctx, &q, streamChunk, read)
	if err != nil {
		return err
	}
	// A short thread keeps no connection and waits for nobody's: those who are slow to
	// receive a long one must not keep others from reading.
	rows := read.rows
	if len(rows) < streamChunk && read.behind() {
		if rows, read.thread, err = r.withTail(ctx, who, &q, streamChunk, read); err != nil {
			return err
		}
	}
	if len(rows) < streamChunk {
		return r.emit(ctx, &q, read.thread.seenBy(who), begin, chunk, rows)
	}
	select {
	case r.streams <- struct{}{}:
		defer func() { <-r.streams }()
	case <-ctx.Done():
		return failed(context.Cause(ctx))
	}
	want, extra := fitting(rows), read.extra()
	read.rows, read.arena = nil, nil // they are read again, in smaller portions
	s, err := r.snapshot(ctx, who, &q, want+extra, false)
	if err != nil {
		return err
	}
	defer s.close()
	for full := true; full; begin = nil {
		rows, err := s.next(ctx, want)
		if err != nil {
			return err
		}
		if full = len(rows) == want; !full {
			s.close()
		}
		want = fitting(rows)
		if err := r.emit(ctx, &q, s.thread.seenBy(who), begin, chunk, rows); err != nil {
			return err
		}
	}
	return nil
}

// fitting returns how many comments like these a stream may hold.
func fitting(rows []row) int {
	size := 0
	for i := range rows {
		size += len(rows[i].sealed)
	}
	return portion(len(rows), size)
}

// portion returns how many things a stream may hold, if n of them have texts of size
// bytes.
func portion(n, size int) int {
	if size == 0 {
		return streamChunk
	}
	return max(streamLeast, min(streamChunk, n*streamBytes/size))
}

// emit hands over rows, after the beginning if that was not yet.
func (r *Reader) emit(ctx context.Context, q *ListQuery, t Thread, begin func(Page) error, chunk func([]Comment) error, rows []row) error {
	comments, err := r.open(ctx, q.Account, q.Ticket, rows, q.Whole)
	if err != nil {
		return err
	}
	if begin != nil {
		if err := begin(Page{Thread: t, Total: t.Count(q.Author, q.Internal)}); err != nil {
			return err
		}
	}
	if len(comments) == 0 {
		return nil
	}
	return chunk(comments)
}

// all is a list without a limit.
func (r *Reader) all(ctx context.Context, q ListQuery) (page Page, err error) {
	err = r.Stream(ctx, q,
		func(p Page) error { page = p; return nil },
		func(c []Comment) error { page.Comments = append(page.Comments, c...); return nil })
	if err != nil {
		return Page{}, err
	}
	return page, nil
}
