package main

import "example.com/functions/missing/nowhere"

func main() { nowhere.Call() }
