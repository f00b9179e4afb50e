package statedir_test

func mkfifo(_, _ string) error { return nil }
