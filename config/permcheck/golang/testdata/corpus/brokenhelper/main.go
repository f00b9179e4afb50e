package main

import "example.com/functions/brokenhelper/text"

func main() { text.Trim() }
