package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// serveFloors is a process of its own: the floors behind HTTP. It says its address
// on standard output and serves until standard input ends.
func serveFloors(ctx context.Context) error {
	insertPool, err := openPool(ctx, os.Getenv(childDatabase), manyCallers)
	if err != nil {
		return err
	}
	defer insertPool.Close()
	queryPool, err := openPool(ctx, os.Getenv(childDatabase), productPool)
	if err != nil {
		return err
	}
	defer queryPool.Close()
	f := &floorServer{insertPool: insertPool, queryPool: queryPool, group: newGroupCommit(queryPool), page: bytes.Repeat([]byte{'x'}, 1<<20)}
	go f.group.run(ctx) // ends with the process: in is never closed

	mux := chi.NewMux()
	mux.Post("/insert/{ticket}", f.post(func(ctx context.Context, r bareRow) error { return insertBare(ctx, insertPool, r) }))
	mux.Post("/group/{ticket}", f.post(f.group.insert))
	mux.Get("/tickets/{ticket}/comments", f.list)
	mux.Get("/static/{size}", f.static)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // the parent has gone, or wants us to
		_ = server.Close()
	}()
	fmt.Println(listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type floorServer struct {
	insertPool, queryPool *pgxpool.Pool
	group                 *groupCommit
	page                  []byte
}

// post adds a comment by insert and answers with it.
func (f *floorServer) post(insert func(context.Context, bareRow) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ticket, err := uuid.Parse(chi.URLParam(r, "ticket"))
		if err != nil {
			http.Error(w, "bad ticket", http.StatusBadRequest)
			return
		}
		var body struct {
			Content string `json:"content"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, "bad body", http.StatusBadRequest)
			return
		}
		row := newBareRow(ticket, body.Content)
		if err := insert(r.Context(), row); err != nil {
			http.Error(w, "not saved", http.StatusInternalServerError)
			return
		}
		reply(w, http.StatusCreated, row)
	}
}

func (f *floorServer) list(w http.ResponseWriter, r *http.Request) {
	ticket, err := uuid.Parse(chi.URLParam(r, "ticket"))
	if err != nil {
		http.Error(w, "bad ticket", http.StatusBadRequest)
		return
	}
	query := r.URL.Query()
	after, err := time.Parse(time.RFC3339Nano, query.Get("after"))
	limit, err2 := strconv.Atoi(query.Get("limit"))
	if errors.Join(err, err2) != nil {
		http.Error(w, "bad page", http.StatusBadRequest)
		return
	}
	rows, err := listBare(r.Context(), f.queryPool, ticket, after, limit)
	if err != nil {
		http.Error(w, "not read", http.StatusInternalServerError)
		return
	}
	reply(w, http.StatusOK, rows)
}

func (f *floorServer) static(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.Atoi(chi.URLParam(r, "size"))
	if err != nil || size < 0 || size > len(f.page) {
		http.Error(w, "bad size", http.StatusBadRequest)
		return
	}
	send(w, http.StatusOK, f.page[:size])
}

func reply(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "not encoded", http.StatusInternalServerError)
		return
	}
	send(w, status, body)
}

func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever has gone does not mind
}
