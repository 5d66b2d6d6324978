package domain

import (
	"errors"
	"fmt"
	"slices"
)

// Channel is the way by which a comment came in (contract §5.4). The numbers are
// stored, the names are in the log. The zero value is an API.
type Channel int16

const (
	ChannelAPI       Channel = 0
	ChannelWeb       Channel = 1
	ChannelEmail     Channel = 2
	ChannelRule      Channel = 3 // a trigger or an automation
	ChannelVoice     Channel = 4
	ChannelChat      Channel = 5
	ChannelWebWidget Channel = 6
	ChannelMobile    Channel = 7
	ChannelMobileSDK Channel = 8
	ChannelSMS       Channel = 9
)

var channelNames = [...]string{
	ChannelAPI: "api", ChannelWeb: "web", ChannelEmail: "email", ChannelRule: "rule", ChannelVoice: "voice",
	ChannelChat: "chat", ChannelWebWidget: "web_widget", ChannelMobile: "mobile", ChannelMobileSDK: "mobile_sdk",
	ChannelSMS: "sms",
}

// String gives the name, as it stands in events.
func (c Channel) String() string {
	if c < 0 || int(c) >= len(channelNames) {
		return fmt.Sprintf("Channel(%d)", int16(c))
	}
	return channelNames[c]
}

// MarshalText is String.
func (c Channel) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a name.
func (c *Channel) UnmarshalText(b []byte) error {
	i := slices.Index(channelNames[:], string(b))
	if i < 0 {
		return errors.New("no such channel")
	}
	*c = Channel(i)
	return nil
}
