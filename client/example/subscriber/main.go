// Subscriber prints each new public comment, also those that come while it does not run:
//
//	COMMENTD_KEY=cmt_… go run ./client/example/subscriber http://127.0.0.1:8080 cursor
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/commentd/commentd/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "subscriber:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("say the URL of the service and the file that remembers how far this has come")
	}
	c, err := client.New(args[0], os.Getenv("COMMENTD_KEY"))
	if err != nil {
		return err
	}
	created := client.FollowOptions{Types: []string{"comment.created"}, Visibility: "public", Cursor: client.FileCursor(args[1])}
	for e, err := range c.Follow(ctx, created) {
		if err != nil {
			return err
		}
		if e.Comment != nil { // it may have been deleted since
			fmt.Println(e.Comment.CreatedAt.Local(), e.Comment.AuthorType, e.Comment.Content)
		}
	}
	return nil
}
