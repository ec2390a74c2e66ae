package accounttest

// Rows is the number that a query returns.
func (w *World) Rows(query string, args ...any) int {
	w.T.Helper()
	var n int
	w.OK(w.DB.Get(w.T.Context(), &n, query, args...))
	return n
}

// Logged expects a number of entries of an event in the security log.
func (w *World) Logged(event string, n int) {
	w.T.Helper()
	if got := w.Rows(`SELECT COUNT(*) FROM audit_log WHERE event = ?`, event); got != n {
		w.T.Errorf("%d entries of %s, want %d", got, event, n)
	}
}
