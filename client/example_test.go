package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/google/uuid"

	"github.com/commentd/commentd/client"
)

// A comment is made, and read in the list of its ticket.
func Example() {
	ctx := context.Background()
	c, err := client.New(dev.info.BaseURL, dev.info.Keys["admin"])
	if err != nil {
		log.Fatal(err)
	}
	ticket := uuid.New()
	if _, err := c.PutTicket(ctx, ticket, client.TicketChange{Subject: client.Set("The printer is on fire")}); err != nil {
		log.Fatal(err)
	}
	if _, err := c.CreateComment(ctx, ticket, client.NewComment{Content: "What color is it?"}); err != nil {
		log.Fatal(err)
	}
	for comment, err := range c.Comments(ctx, ticket, client.ListOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(comment.AuthorType, comment.Content)
	}
	// Output: AGENT What color is it?
}

// Events are followed from the beginning of a ticket. With a FileCursor, a program that
// is started again goes on where it was.
func ExampleClient_Follow() {
	ctx := context.Background()
	c, err := client.New(dev.info.BaseURL, dev.info.Keys["admin"])
	if err != nil {
		log.Fatal(err)
	}
	ticket := uuid.New()
	if _, err := c.PutTicket(ctx, ticket, client.TicketChange{}); err != nil {
		log.Fatal(err)
	}
	if _, err := c.CreateComment(ctx, ticket, client.NewComment{Content: "Hello?"}); err != nil {
		log.Fatal(err)
	}
	for e, err := range c.Follow(ctx, client.FollowOptions{Ticket: ticket, From: client.FromBeginning}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Type)
		if e.Comment != nil {
			fmt.Println(e.Comment.Content)
			break
		}
	}
	// Output:
	// ticket.opened
	// comment.created
	// Hello?
}

// A program that relays a chat adds what is said as it is said.
func ExampleClient_AddToChat() {
	ctx := context.Background()
	c, err := client.New(dev.info.BaseURL, dev.info.Keys["integration"])
	if err != nil {
		log.Fatal(err)
	}
	ticket, visitor := uuid.MustParse("550e8400-e29b-41d4-a716-446655440000"), uuid.MustParse(dev.info.Users["customer"])
	chat, err := c.StartChat(ctx, ticket, visitor)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.AddToChat(ctx, ticket, chat.ID, client.NewChatEntry{AuthorType: client.Customer, AuthorCustomerID: &visitor, Content: "Hello?"}); err != nil {
		log.Fatal(err)
	}
	if _, err := c.EndChat(ctx, ticket, chat.ID); err != nil {
		log.Fatal(err)
	}
	told, err := c.Chat(ctx, ticket, chat.ID)
	if err != nil {
		log.Fatal(err)
	}
	for _, entry := range told.History {
		fmt.Println(entry.AuthorType, entry.Kind, *entry.Content)
	}
	// Output: CUSTOMER message Hello?
}

// An e-mail becomes a comment of its sender, once.
func ExampleClient_CreateEmail() {
	ctx := context.Background()
	c, err := client.New(dev.info.BaseURL, dev.info.Keys["integration"])
	if err != nil {
		log.Fatal(err)
	}
	ticket := uuid.MustParse("550e8400-e29b-41d4-a716-446655440000")
	comment, err := c.CreateEmail(ctx, ticket, []byte("From: customer@example.com\r\nMessage-ID: <17@example.com>\r\n\r\nIt still burns."))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(comment.AuthorType, comment.Content)
	// Output: CUSTOMER It still burns.
}

// A webhook is made, and told to send a test event.
func ExampleClient_CreateWebhook() {
	ctx := context.Background()
	c, err := client.New(dev.info.BaseURL, dev.info.Keys["admin"])
	if err != nil {
		log.Fatal(err)
	}
	made, err := c.CreateWebhook(ctx, client.WebhookChange{URL: client.Set("https://receiver.invalid/"), Types: client.Set([]string{"comment.created"})})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.TestWebhook(ctx, made.ID); err != nil {
		log.Fatal(err)
	}
	fmt.Println(made.Visibility, made.Mode, made.Secret != "")
	if err := c.DeleteWebhook(ctx, made.ID); err != nil {
		log.Fatal(err)
	}
	// Output: public skip_and_retry true
}

// A receiver of webhooks believes what is signed, and does nothing twice.
func ExampleVerifyWebhook() {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	_, err := client.VerifyWebhook(http.Header{
		"Webhook-Id":        {"msg_p5jXN8AQM9LWM0D4loKWxJek"},
		"Webhook-Timestamp": {"1614265330"},
		"Webhook-Signature": {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	}, []byte(`{"test": 2432232314}`), secret)
	fmt.Println(err) // it is years old
	// Output: the webhook was not signed with this secret, or not lately
}
