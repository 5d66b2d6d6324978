package v1

import "time"

// Nasty is the corpus of bodies, for the tests over HTTP.
var Nasty = nasty

// SetPieceTimeout makes slow readers lose patience sooner.
func (a *API) SetPieceTimeout(d time.Duration) { a.pieceTimeout = d }
