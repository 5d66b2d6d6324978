package main

import (
	"encoding/json"
	"strings"
)

// textSize is the size of the text of every comment and of every bare row, in bytes.
const textSize = 200

// commentText is what everybody says.
var commentText = strings.Repeat("The parcel has not arrived. ", 8)[:textSize]

// commentBody is the JSON that posts it.
var commentBody = must(json.Marshal(map[string]string{"content": commentText}))

// must is for what cannot fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
