// Package mail reads e-mails (RFC 5322, RFC 2045 to 2049) as far as a comment is made of
// one: who wrote it to whom, what it says, and the files that came with it.
//
// What arrives as e-mail is whatever somebody has sent. Parse takes all of it: what it
// cannot make sense of is left out, and said to be malformed. What it can make no sense of at
// all is text.
package mail
