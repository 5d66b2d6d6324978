// Package client calls the native API of commentd, /v1, and follows what happens there:
// over HTTP (Follow), in NATS (Subscribe), or by webhooks (VerifyWebhook).
//
// Calls are repeated when an answer is lost or the service asks for it, and have one
// effect nevertheless. A refusal is an *Error; its Code tells programs what is wrong.
//
// Lists are iterators: they fetch pages as they are gone through, and end with the first
// error.
//
//	for comment, err := range c.Comments(ctx, ticket, client.ListOptions{}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(comment.Content)
//	}
package client
