package main

import (
	"context"

	"example.com/qr"
)

func main() { qr.Make(context.Background()) }
