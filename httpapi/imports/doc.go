// Package imports takes in the history of a helpdesk that was elsewhere until now: what
// Zendesk exports, as events of its tickets or as tickets, becomes what it would have become
// if it had happened here, with its times and its people.
//
// Each audit there is one write here, domain.WriteTicket with an Origin. What is there
// already is known by that, and by ids that follow from Zendesk's, so an import can be
// interrupted, repeated, and run twice at once.
//
// No error, and nothing in a Report, repeats what stands in the file.
package imports
