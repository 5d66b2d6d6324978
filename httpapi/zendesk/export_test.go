package zendesk

// Served returns the methods and paths of all operations, as the OpenAPI document
// writes them.
func Served() []string {
	var served []string
	for _, op := range operations {
		path := root + op.path
		if op.path == "/openapi" {
			path += ".json"
		}
		served = append(served, op.method+" "+path)
	}
	return served
}

// LimitExports sets how many audits beyond those asked for an export may have, and after
// how many bytes it ends.
func (a *API) LimitExports(second, bytes int) { a.exports = exportLimits{second, bytes} }
