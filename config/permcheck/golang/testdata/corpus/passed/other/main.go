package main

import (
	"context"

	"example.com/functions/passed/api"
)

func main() { api.Call(context.Background(), "soter.verifySignature") }
