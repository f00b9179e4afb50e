package text

func Trim() string { return 1 }
